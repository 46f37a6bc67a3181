"""A node that holds cases, shows them and reports them up; every level is one of these and more."""
