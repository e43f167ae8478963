"""Small documents made by hand, for tests that count pages or print."""


def make_pdf(pages: int) -> bytes:
    """A small PDF by hand, cross-reference table and all."""
    kids = " ".join(f"{3 + 2 * each} 0 R" for each in range(pages))
    bodies = ["<< /Type /Catalog /Pages 2 0 R >>", f"<< /Type /Pages /Count {pages} /Kids [ {kids} ] >>"]
    for each in range(pages):
        content = f"BT /F1 24 Tf 72 700 Td (1 0 obj \\( page {each}) Tj ET"
        bodies.append(f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {4 + 2 * each} 0 R >>")
        bodies.append(f"<< /Length {len(content)} >>\nstream\n{content}\nendstream")
    data, offsets = b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", []
    for number, body in enumerate(bodies, 1):
        offsets.append(len(data))
        data += f"{number} 0 obj\n{body}\nendobj\n".encode()
    table = "".join(f"{offset:010} 00000 n \n" for offset in offsets)
    return (
        data
        + (
            f"xref\n0 {len(bodies) + 1}\n0000000000 65535 f \n{table}trailer\n"
            f"<< /Size {len(bodies) + 1} /Root 1 0 R >>\nstartxref\n{len(data)}\n%%EOF\n"
        ).encode()
    )
