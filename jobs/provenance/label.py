"""The label that a file carries inside: an XMP packet.

Fields are those of the IPTC Photo Metadata Standard 2025.1 (`DigitalSourceType`, `AISystemUsed`,
`AISystemVersionUsed`) and of XMP itself (ISO 16684-1: `History` says what was done, when and by
what; `dc:source` what it was made from).
"""

from __future__ import annotations

from datetime import datetime
from xml.etree import ElementTree as xml

from jobs.provenance.facts import DIGITAL_SOURCE_TYPE, TOOL, Provenance

NAMESPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "stEvt": "http://ns.adobe.com/xap/1.0/sType/ResourceEvent#",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}
XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"

for prefix, uri in NAMESPACES.items():
    xml.register_namespace(prefix, uri)


def xmp(provenance: Provenance, *, taken: str = "") -> bytes:
    """The packet, in UTF-8. `taken` is when the original says that it was, as ISO 8601."""
    meta = xml.Element(_name("x:xmpmeta"))
    description = xml.SubElement(
        xml.SubElement(meta, _name("rdf:RDF")), _name("rdf:Description"), {_name("rdf:about"): ""}
    )

    def say(name: str, text: str) -> None:
        xml.SubElement(description, _name(name)).text = _said(text)

    _in_language(description, "dc:title", provenance.title)
    _in_language(description, "dc:description", provenance.sentence)
    say("dc:source", f"urn:hash::sha256:{provenance.original_sha256}")
    say("xmp:CreatorTool", TOOL)
    say("xmp:ModifyDate", _moment(provenance.restored_at))
    if taken:
        say("photoshop:DateCreated", taken)
    say("Iptc4xmpExt:DigitalSourceType", DIGITAL_SOURCE_TYPE)
    say("Iptc4xmpExt:AISystemUsed", provenance.system)
    say("Iptc4xmpExt:AISystemVersionUsed", provenance.vendor_model_id)
    _history(description, provenance)
    packet = xml.tostring(meta, encoding="unicode")
    return (
        f'<?xpacket begin="\N{ZERO WIDTH NO-BREAK SPACE}" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'{packet}<?xpacket end="r"?>'
    ).encode()


def _history(description: xml.Element, provenance: Provenance) -> None:
    history = xml.SubElement(xml.SubElement(description, _name("xmpMM:History")), _name("rdf:Seq"))
    event = xml.SubElement(history, _name("rdf:li"), {_name("rdf:parseType"): "Resource"})
    for name, text in (
        ("stEvt:action", "edited"),
        ("stEvt:when", _moment(provenance.restored_at)),
        ("stEvt:softwareAgent", f"{provenance.system} by way of {provenance.vendor}"),
        ("stEvt:parameters", provenance.settings),
        ("stEvt:instanceID", f"urn:uuid:{provenance.job_number}"),
    ):
        xml.SubElement(event, _name(name)).text = _said(text)


def _in_language(description: xml.Element, name: str, text: str) -> None:
    choices = xml.SubElement(xml.SubElement(description, _name(name)), _name("rdf:Alt"))
    xml.SubElement(choices, _name("rdf:li"), {XML_LANG: "x-default"}).text = _said(text)


def _name(qualified: str) -> str:
    prefix, _, local = qualified.partition(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def _said(text: str) -> str:
    """Without the control characters that XML 1.0 has no place for."""
    return "".join(c if c.isprintable() else " " for c in text)


def _moment(at: datetime) -> str:
    return at.isoformat(timespec="seconds")
