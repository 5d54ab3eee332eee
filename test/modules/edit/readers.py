"""What readers that are not ours find in files: one JSON line {format, bytes} in, one line of data out."""
import base64, configparser, json, sys, tomllib
import xml.etree.ElementTree as tree
import yaml


def element(node):
    return [node.tag, sorted(node.attrib.items()), node.text or "", [[element(child), child.tail or ""] for child in node]]


def ini(text):
    parser = configparser.RawConfigParser(allow_no_value=True, strict=True, empty_lines_in_values=False)
    parser.optionxform = str
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


readers = {
    "xml": lambda raw: element(tree.fromstring(raw)),
    "toml": lambda raw: tomllib.loads(raw.decode("utf-8-sig")),
    "yaml": lambda raw: yaml.safe_load(raw),
    "json": lambda raw: json.loads(raw),
    "ini": lambda raw: ini(raw.decode("utf-8-sig")),
}
for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"data": readers[asked["format"]](base64.b64decode(asked["bytes"]))}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer, default=str), flush=True)
