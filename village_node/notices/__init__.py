"""The official documents: what each says of a case, the sheets they are set on, and the press that prints them.

Another document takes four things: its row in `sync_protocol.case.documents` (which event it rests on, and under what
conditions), a function in `facts` that gives what it says, a template `<code>_v1.typ` that puts it into words on the
common sheet, and its version in `sheets.TEMPLATES`. Where it has a number of its own the body of the event has a field
`document_no`; the desk draws it, and no form asks for it. Pages offer it and tests print it without being told.

Nothing is imported here: the press runs in a process of its own, which should begin quickly.
"""
