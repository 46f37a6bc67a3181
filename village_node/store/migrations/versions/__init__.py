"""One script a revision; a script that was released is never changed."""
