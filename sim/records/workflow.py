"""Workflow commands of GitHub: lines that become annotations. What a message or a name holds cannot begin another command."""

from __future__ import annotations


def command(level: str, message: str, **properties: object) -> str:
    """`::level key=value,...::message`; properties in the order given, those that are empty or 0 left out."""
    told = ",".join(f"{key}={_property(str(value))}" for key, value in properties.items() if value)
    return f"::{level}{f' {told}' if told else ''}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
