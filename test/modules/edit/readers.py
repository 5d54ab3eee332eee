"""What readers that are not ours find in files: one JSON line {format, bytes} in, one line of data out."""
import base64, configparser, json, math, sys, tomllib
import xml.etree.ElementTree as tree
import yaml


def element(node):
    return [node.tag, sorted(node.attrib.items()), node.text or "", [[element(child), child.tail or ""] for child in node]]


def ini(text):
    parser = configparser.RawConfigParser(allow_no_value=True, strict=True, empty_lines_in_values=False)
    parser.optionxform = str
    parser.read_string(text)
    return {name: dict(parser.items(name)) for name in parser.sections()}


def plain(data):
    """As JSON can say it: numbers that JavaScript has not, dates and odd keys as texts that tell what they are."""
    if isinstance(data, dict):
        return {key if isinstance(key, str) else f"{type(key).__name__} {key}": plain(each) for key, each in data.items()}
    if isinstance(data, (list, tuple)):
        return [plain(each) for each in data]
    if isinstance(data, float) and not math.isfinite(data):
        return f"float {data}"
    if isinstance(data, int) and not isinstance(data, bool) and abs(data) > 2**53:
        return f"int {data}"
    return data if data is None or isinstance(data, (str, int, float)) else f"{type(data).__name__} {data}"


readers = {
    "xml": lambda raw: element(tree.fromstring(raw)),
    "toml": lambda raw: tomllib.loads(raw.decode("utf-8-sig")),
    "yaml": lambda raw: yaml.load(raw, yaml.CSafeLoader),
    "json": lambda raw: json.loads(raw),
    "ini": lambda raw: ini(raw.decode("utf-8-sig")),
}
for line in sys.stdin:
    asked = json.loads(line)
    try:
        answer = {"data": plain(readers[asked["format"]](base64.b64decode(asked["bytes"])))}
    except Exception as error:
        answer = {"error": repr(error)}
    print(json.dumps(answer), flush=True)
