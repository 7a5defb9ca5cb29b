"""The craft of reading mail, piece by piece: octets, fields, charsets, parts, HTML, replies."""
