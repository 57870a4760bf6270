"""Downloads that are no data but the web page that stood in their place."""


def is_page(head: bytes) -> bool:
    """Tell whether the first bytes of a file are those of an HTML page."""
    return (
        head.lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype", b"<html", b"<head"))
    )
