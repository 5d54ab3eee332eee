// src/lab/standin/main.ts
import { hostname } from "node:os";
import { fileURLToPath } from "node:url";

// src/lab/standin/run.ts
import { mkdirSync as mkdirSync4, writeFileSync as writeFileSync3 } from "node:fs";
import { join as join9 } from "node:path";

// src/lab/standin/bundles.ts
import { copyFileSync, existsSync as existsSync2, mkdirSync, writeFileSync } from "node:fs";
import { join as join2 } from "node:path";

// src/lab/standin/home.ts
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
function readText(home, path) {
  try {
    return readFileSync(join(home, path), "utf8");
  } catch {
    return void 0;
  }
}
function namesIn(home, path) {
  const directory = join(home, path);
  return existsSync(directory) ? readdirSync(directory).sort() : [];
}
function element(xml, name) {
  const found = new RegExp(`<${name}(?:\\s[^>]*)?>([^<]*)</${name}>`).exec(withoutComments(xml));
  return found?.[1] === void 0 ? void 0 : plain(found[1].trim());
}
function blocks(xml, name) {
  const all = new RegExp(`<${name}(?:\\s[^>]*)?>([\\s\\S]*?)</${name}>`, "g");
  return [...withoutComments(xml).matchAll(all)].map((match) => match[1] ?? "");
}
function versionOf(home) {
  return /v(\d+\.\d+\.\d+)/.exec(readText(home, "bin/version.txt") ?? "")?.[1] ?? "0.0.0";
}
function withoutComments(xml) {
  return xml.replace(/<!--[\s\S]*?-->/g, "");
}
function plain(text) {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&quot;", '"').replaceAll("&amp;", "&");
}

// src/lab/standin/bundles.ts
function makeBundles(server) {
  const components = "repository/components";
  for (const name of namesIn(server.home, `${components}/lib`).filter((file) => file.endsWith(".jar"))) {
    const bundle = `${name.slice(0, -4).replaceAll("-", "_")}_1.0.0.jar`;
    const to = join2(server.home, components, "dropins", bundle);
    if (!existsSync2(to)) copyFileSync(join2(server.home, components, "lib", name), to);
  }
  const lines = namesIn(server.home, `${components}/dropins`).map(
    (name) => `${name.slice(0, -4)},1.0.0,../dropins/${name},4,true`
  );
  const place = join2(
    server.home,
    components,
    server.profile,
    "configuration/org.eclipse.equinox.simpleconfigurator"
  );
  mkdirSync(place, { recursive: true });
  writeFileSync(join2(place, "bundles.info"), ["#version=1", ...lines, ""].join("\n"));
}

// src/lab/standin/clients.ts
async function earlyClients(_server, _databases) {
}
async function lateClients(_server, _databases) {
}

// src/lab/standin/config-mapper.ts
import { createHash } from "node:crypto";
import { cpSync, existsSync as existsSync4, mkdirSync as mkdirSync3, readdirSync as readdirSync2, rmSync, writeFileSync as writeFileSync2 } from "node:fs";
import { dirname as dirname2, join as join6 } from "node:path";

// ../../main/node_modules/smol-toml/dist/error.js
function getLineColFromPtr(string, ptr) {
  let lines = string.slice(0, ptr).split(/\r?\n/);
  return [lines.length, lines.pop().length + 1];
}
function makeCodeBlock(string, line, column) {
  let lines = string.split(/\r?\n/);
  let codeblock = "";
  let numberLen = (Math.log10(line + 1) | 0) + 1;
  for (let i = line - 1; i <= line + 1; i++) {
    let l = lines[i - 1];
    if (!l)
      continue;
    codeblock += i.toString().padEnd(numberLen, " ");
    codeblock += ":  ";
    codeblock += l;
    codeblock += "\n";
    if (i === line) {
      codeblock += " ".repeat(numberLen + column + 2);
      codeblock += "^\n";
    }
  }
  return codeblock;
}
var TomlError = class _TomlError extends Error {
  line;
  column;
  codeblock;
  constructor(message, options) {
    const [line, column] = getLineColFromPtr(options.toml, options.ptr);
    const codeblock = makeCodeBlock(options.toml, line, column);
    super(`Invalid TOML document: ${message}

${codeblock}`, options);
    this.line = line;
    this.column = column;
    this.codeblock = codeblock;
  }
  /** @internal */
  static x(message, ctx, ptr) {
    throw new _TomlError(message, { toml: ctx.s, ptr: ptr ?? ctx.p });
  }
};

// ../../main/node_modules/smol-toml/dist/primitive.js
function parseString(ctx) {
  let startPtr = ctx.p;
  let c = ctx.s.charCodeAt(ctx.p++);
  let first = c;
  let isLiteral = c === 39;
  let isMultiline = c === ctx.s.charCodeAt(ctx.p) && c === ctx.s.charCodeAt(ctx.p + 1);
  if (isMultiline) {
    if ((c = ctx.s.charCodeAt(ctx.p += 2)) === 10)
      ctx.p++;
    else if (c === 13 && ctx.s.charCodeAt(ctx.p + 1) === 10)
      ctx.p += 2;
  }
  let parsed = "";
  let sliceStart = ctx.p;
  let state = 0;
  for (; ctx.p < ctx.s.length; ctx.p++) {
    c = ctx.s.charCodeAt(ctx.p);
    if (isMultiline && (c === 10 || c === 13 && ctx.s.charCodeAt(ctx.p + 1) === 10)) {
      state = state && 3;
    } else if (c < 32 && c !== 9 || c === 127) {
      TomlError.x("control characters are not allowed in strings", ctx);
    } else if ((!state || state === 3) && c === first && (!isMultiline || ctx.s.charCodeAt(ctx.p + 1) === first && ctx.s.charCodeAt(ctx.p + 2) === first)) {
      if (isMultiline) {
        if (ctx.s.charCodeAt(ctx.p + 3) === first)
          ctx.p++;
        if (ctx.s.charCodeAt(ctx.p + 3) === first)
          ctx.p++;
      }
      if (!state) {
        let s = ctx.s.slice(sliceStart, ctx.p);
        parsed = parsed ? parsed + s : s;
      }
      ctx.p += isMultiline ? 3 : 1;
      return parsed;
    } else if (!state) {
      if (!isLiteral && c === 92) {
        parsed += ctx.s.slice(sliceStart, sliceStart = ctx.p);
        state = 1;
      }
    } else if (state === 1) {
      if (c === 120 || c === 117 || c === 85) {
        let errPtr = ctx.p++ - 1;
        let value = 0;
        let len = c === 120 ? 2 : c === 117 ? 4 : 8;
        for (let j = 0; j < len; j++, ctx.p++) {
          let hex = ctx.s.charCodeAt(ctx.p);
          let digit = (
            /* 0-9 */
            hex >= 48 && hex <= 57 ? hex - 48 : (
              /* A-F */
              hex >= 65 && hex <= 70 ? hex - 65 + 10 : (
                /* a-f */
                hex >= 97 && hex <= 102 ? hex - 97 + 10 : -1
              )
            )
          );
          if (digit < 0)
            TomlError.x("invalid non-hex character in unicode escape", ctx);
          value = value << 4 | digit;
        }
        if (value < 0 || value > 1114111 || value >= 55296 && value <= 57343) {
          TomlError.x("invalid unicode escape", ctx, errPtr);
        }
        parsed += String.fromCodePoint(value);
        sliceStart = ctx.p--;
        state = 0;
      } else if (isMultiline && (c === 32 || c === 9)) {
        state = 2;
      } else {
        if (c === 98)
          parsed += "\b";
        else if (c === 116)
          parsed += "	";
        else if (c === 110)
          parsed += "\n";
        else if (c === 102)
          parsed += "\f";
        else if (c === 114)
          parsed += "\r";
        else if (c === 101)
          parsed += "\x1B";
        else if (c === 34)
          parsed += '"';
        else if (c === 92)
          parsed += "\\";
        else
          TomlError.x("unrecognised escape sequence", ctx);
        sliceStart = ctx.p + 1;
        state = 0;
      }
    } else if (c !== 32 && c !== 9) {
      if (state === 2)
        TomlError.x("invalid escape: only line-ending whitespace may be escaped", ctx, sliceStart);
      state = !isLiteral && c === 92 ? 1 : 0;
      sliceStart = ctx.p;
    }
  }
  TomlError.x("unfinished string", ctx, startPtr);
}

// ../../main/node_modules/smol-toml/dist/date.js
var DATE_TIME_RE = /^(\d{4}-\d{2}-\d{2})?[Tt ]?(?:(\d{2}):\d{2}(?::\d{2}(?:\.\d+)?)?)?(Z|z|[-+]\d{2}:\d{2})?$/i;
var TomlDate = class _TomlDate extends Date {
  #hasDate = false;
  #hasTime = false;
  #offset = null;
  constructor(date, fasttype, unsafeDelim) {
    let hasDate = true;
    let hasTime = true;
    let offset = "Z";
    let c;
    if (typeof date === "string") {
      if (fasttype)
        prep: {
          if (fasttype < 3) {
            if (+date.slice(11, 13) > 23) {
              date = "";
              break prep;
            }
            if (fasttype === 2) {
              offset = null;
              date += "Z";
            } else if ((c = date.charCodeAt(date.length - 1)) !== 90 && c !== 122) {
              offset = date.slice(date.length - 6);
            }
            if (unsafeDelim)
              date = date.slice(0, 10) + "T" + date.slice(11);
          } else if (fasttype === 4) {
            date = +date.slice(0, 2) > 23 ? "" : `0000-01-01T${date}Z`;
          }
          hasDate = fasttype !== 4;
          hasTime = fasttype !== 3;
        }
      else {
        let match = date.match(DATE_TIME_RE);
        if (match) {
          if (!match[1]) {
            hasDate = false;
            date = `0000-01-01T${date}`;
          }
          hasTime = !!match[2];
          hasTime && date[10] === " " && (date = date.replace(" ", "T"));
          if (match[2] && +match[2] > 23) {
            date = "";
          } else {
            offset = match[3] || null;
            if (!offset && hasTime)
              date += "Z";
          }
        } else {
          date = "";
        }
      }
    }
    super(date);
    if (!isNaN(this.getTime())) {
      this.#hasDate = hasDate;
      this.#hasTime = hasTime;
      this.#offset = offset;
    }
  }
  isDateTime() {
    return this.#hasDate && this.#hasTime;
  }
  isLocal() {
    return !this.#hasDate || !this.#hasTime || !this.#offset;
  }
  isDate() {
    return this.#hasDate && !this.#hasTime;
  }
  isTime() {
    return this.#hasTime && !this.#hasDate;
  }
  isValid() {
    return this.#hasDate || this.#hasTime;
  }
  toISOString() {
    let iso = super.toISOString();
    if (this.isDate())
      return iso.slice(0, 10);
    if (this.isTime())
      return iso.slice(11, 23);
    if (this.#offset === null)
      return iso.slice(0, -1);
    if (this.#offset === "Z" || this.#offset === "z")
      return iso;
    let offset = +this.#offset.slice(1, 3) * 60 + +this.#offset.slice(4, 6);
    offset = this.#offset[0] === "-" ? offset : -offset;
    let offsetDate = new Date(this.getTime() - offset * 6e4);
    return offsetDate.toISOString().slice(0, -1) + this.#offset;
  }
  static wrapAsOffsetDateTime(jsDate, offset = "Z") {
    let date = new _TomlDate(jsDate);
    date.#offset = offset;
    return date;
  }
  static wrapAsLocalDateTime(jsDate) {
    let date = new _TomlDate(jsDate);
    date.#offset = null;
    return date;
  }
  static wrapAsLocalDate(jsDate) {
    let date = new _TomlDate(jsDate);
    date.#hasTime = false;
    date.#offset = null;
    return date;
  }
  static wrapAsLocalTime(jsDate) {
    let date = new _TomlDate(jsDate);
    date.#hasDate = false;
    date.#offset = null;
    return date;
  }
};

// ../../main/node_modules/smol-toml/dist/extract.js
function isDigit(char, base = 10) {
  return base === 16 ? char > 47 && char < 58 || char > 64 && char < 71 || char > 96 && char < 103 : char > 47 && char < 48 + base;
}
function isEndOfValue(char, delim) {
  return char === 32 || char === 9 || char === 10 || char === 13 || // Structure end or next value delimiter
  delim && (char === delim || char === 44) || // Comment
  char === 35;
}
function extractValue(ctx, end) {
  let errPtr = ctx.p;
  let c = ctx.s.charCodeAt(ctx.p);
  if (c === 91 || c === 123) {
    ctx.d-- || TomlError.x("document contains excessively nested structures. aborting.", ctx);
    let value = c === 91 ? parseArray(ctx) : parseInlineTable(ctx);
    ctx.d++;
    return value;
  }
  if (c === 34 || c === 39) {
    return parseString(ctx);
  }
  if (c === 116) {
    if (ctx.s.charCodeAt(++ctx.p) !== 114 || ctx.s.charCodeAt(++ctx.p) !== 117 || ctx.s.charCodeAt(++ctx.p) !== 101)
      TomlError.x("invalid value", ctx, errPtr);
    return ctx.p++, true;
  }
  if (c === 102) {
    if (ctx.s.charCodeAt(++ctx.p) !== 97 || ctx.s.charCodeAt(++ctx.p) !== 108 || ctx.s.charCodeAt(++ctx.p) !== 115 || ctx.s.charCodeAt(++ctx.p) !== 101)
      TomlError.x("invalid value", ctx, errPtr);
    return ctx.p++, false;
  }
  if (c === 43 || c === 45) {
    return parseNumber(ctx, ctx.p, ctx.s.charCodeAt(++ctx.p), 44 - c, end);
  }
  if (ctx.s.charCodeAt(ctx.p + 4) === 45 && ctx.s.charCodeAt(ctx.p + 7) === 45) {
    return parseDate(ctx, c, end);
  }
  if (ctx.s.charCodeAt(ctx.p + 2) === 58) {
    return parseTime(ctx, c, end);
  }
  return parseNumber(ctx, ctx.p, c, 0, end);
}
function parseNumber(ctx, startPtr, startChr, sign, endChr) {
  let c = startChr;
  let state = 0;
  let hasUnderscores = false;
  if (c === 105) {
    if (ctx.s.charCodeAt(++ctx.p) !== 110 || ctx.s.charCodeAt(++ctx.p) !== 102)
      TomlError.x("invalid value", ctx, startPtr);
    return ctx.p++, (sign || 1) / 0;
  }
  if (c === 110) {
    if (ctx.s.charCodeAt(++ctx.p) !== 97 || ctx.s.charCodeAt(++ctx.p) !== 110)
      TomlError.x("invalid value", ctx, startPtr);
    return ctx.p++, NaN;
  }
  if (c === 48) {
    if (++ctx.p >= ctx.s.length || isEndOfValue(c = ctx.s.charCodeAt(ctx.p), endChr))
      return ctx.bi === true ? 0n : 0;
    if (!sign) {
      if (c === 120)
        return parseIntegerBaseN(ctx, startPtr, 16, endChr);
      else if (c === 98)
        return parseIntegerBaseN(ctx, startPtr, 2, endChr);
      else if (c === 111)
        return parseIntegerBaseN(ctx, startPtr, 8, endChr);
    }
    if (c === 46)
      state = 2;
    else if (c === 101 || c === 69)
      state = 4;
    else
      TomlError.x("illegal leading zero", ctx, startPtr);
  } else if (!isDigit(c))
    TomlError.x("invalid value", ctx, startPtr);
  while (++ctx.p < ctx.s.length && (c = ctx.s.charCodeAt(ctx.p), !isEndOfValue(c, endChr))) {
    if (!state)
      state = 1;
    if (c === 95) {
      if (!(state & 1))
        TomlError.x("illegal underscore", ctx);
      state += 11;
      hasUnderscores = true;
    } else if (state === 1 && c === 46)
      state = 2;
    else if ((state === 1 || state === 3) && (c === 101 || c === 69))
      state = 4;
    else if (state === 4 && (c === 43 || c === 45)) {
      state = 6;
    } else if (!isDigit(c))
      TomlError.x(`illegal character in numeric literal`, ctx);
    else if (state > 9)
      state -= 11;
    else if (!(state & 1))
      state++;
  }
  if (!state) {
    let val = (startChr - 48) * (sign || 1);
    return ctx.bi === true ? BigInt(val) : val;
  }
  if (!(state & 1))
    TomlError.x("unfinished numeric value", ctx, startPtr);
  let str = ctx.s.slice(startPtr, ctx.p);
  if (hasUnderscores)
    str = str.replaceAll("_", "");
  return state > 1 ? parseFloat(str) : parseInteger(ctx, str, 10, startPtr);
}
function parseIntegerBaseN(ctx, startPtr, base, endChr) {
  let c, underscore = 1;
  while (++ctx.p < ctx.s.length && (c = ctx.s.charCodeAt(ctx.p), !isEndOfValue(c, endChr))) {
    if (c === 95) {
      if (underscore & 1)
        TomlError.x("illegal underscore", ctx);
      underscore = 3;
    } else if (!isDigit(c, base))
      TomlError.x(`illegal character in numeric literal`, ctx);
    else if (underscore & 1)
      underscore--;
  }
  if (underscore & 1)
    TomlError.x("unfinished numeric value", ctx);
  let str = ctx.s.slice(startPtr + 2, ctx.p);
  if (underscore)
    str = str.replaceAll("_", "");
  return parseInteger(ctx, str, base, startPtr);
}
function parseInteger(ctx, str, base, startPtr) {
  if (ctx.bi !== true)
    int: {
      let val = parseInt(str, base);
      if (!Number.isSafeInteger(val)) {
        if (ctx.bi)
          break int;
        TomlError.x("integer value cannot be represented losslessly", ctx, startPtr);
      }
      return val;
    }
  return base === 10 ? BigInt(str) : BigInt((base === 2 ? "0b" : base === 8 ? "0o" : "0x") + str);
}
function parseDate(ctx, c, endChr) {
  let startPtr = ctx.p++, unsafeSeparator;
  if (!isDigit(c) || !isDigit(ctx.s.charCodeAt(ctx.p++)) || !isDigit(ctx.s.charCodeAt(ctx.p++)) || !isDigit(ctx.s.charCodeAt(ctx.p++))) {
    return parseNumber(ctx, ctx.p = startPtr, c, 0, endChr);
  }
  ctx.p += 5;
  if (!isDigit(ctx.s.charCodeAt(ctx.p++)))
    TomlError.x("invalid date-time: date part is malformed", ctx, startPtr);
  if (ctx.p >= ctx.s.length || ((c = ctx.s.charCodeAt(ctx.p)) !== 32 || (unsafeSeparator = true, !isDigit(ctx.s.charCodeAt(ctx.p + 1)))) && c !== 84 && c !== 116) {
    let t2 = ctx.s.slice(startPtr, ctx.p);
    return readDate(ctx, t2, 3, false, startPtr);
  }
  if (ctx.s.charCodeAt(ctx.p += 3) !== 58)
    TomlError.x("invalid date-time: time part is malformed", ctx, startPtr);
  if (ctx.s.charCodeAt(ctx.p += 3) === 58)
    ctx.p += 3;
  if (ctx.s.charCodeAt(ctx.p) === 46)
    while (isDigit(ctx.s.charCodeAt(++ctx.p)))
      ;
  if (c = ctx.s.charCodeAt(ctx.p)) {
    if (c === 90 || c === 122) {
      let t2 = ctx.s.slice(startPtr, ++ctx.p);
      return readDate(ctx, t2, 1, unsafeSeparator, startPtr, "[+00:00]");
    }
    if (c === 43 || c === 45) {
      let t2 = ctx.s.slice(startPtr, ctx.p += 6);
      return readDate(ctx, t2, 1, unsafeSeparator, startPtr, !ctx.ld && "[" + ctx.s.slice(ctx.p - 6, ctx.p) + "]");
    }
  }
  let t = ctx.s.slice(startPtr, ctx.p);
  return readDate(ctx, t, 2, unsafeSeparator, startPtr);
}
function parseTime(ctx, c, endChr) {
  let start = ctx.p;
  if (!isDigit(c) || !isDigit(ctx.s.charCodeAt(++ctx.p))) {
    return parseNumber(ctx, --ctx.p, c, 0, endChr);
  }
  if (ctx.s.charCodeAt(ctx.p += 4) === 58)
    ctx.p += 3;
  if (ctx.s.charCodeAt(ctx.p) === 46)
    while (isDigit(ctx.s.charCodeAt(++ctx.p)))
      ;
  let t = ctx.s.slice(start, ctx.p);
  return readDate(ctx, t, 4, false, start);
}
function readDate(ctx, str, type, unsafeDelim, errPtr, temporalSuffix) {
  if (ctx.ld) {
    let date = new TomlDate(str, type, unsafeDelim);
    if (!date.isValid())
      TomlError.x("invalid date", ctx, errPtr);
    return date;
  }
  try {
    if (temporalSuffix)
      str += temporalSuffix;
    switch (type) {
      case 1:
        return Temporal.ZonedDateTime.from(str);
      case 2:
        return Temporal.PlainDateTime.from(str);
      case 3:
        return Temporal.PlainDate.from(str);
      case 4:
        return Temporal.PlainTime.from(str);
    }
  } catch (e) {
    TomlError.x(e instanceof Error ? e.message : "" + e, ctx, errPtr);
  }
}

// ../../main/node_modules/smol-toml/dist/util.js
function skipComment(ctx) {
  for (; ctx.p < ctx.s.length; ctx.p++) {
    let c = ctx.s.charCodeAt(ctx.p);
    if (c === 10)
      break;
    if (c === 13 && ctx.s.charCodeAt(ctx.p + 1) === 10) {
      ctx.p++;
      break;
    }
    if (c < 32 && c !== 9 || c === 127) {
      TomlError.x("control characters are not allowed in comments", ctx);
    }
  }
}
function skipVoid(ctx, banNewLines, banComments) {
  let c;
  while (ctx.p < ctx.s.length) {
    while (ctx.p < ctx.s.length && ((c = ctx.s.charCodeAt(ctx.p)) === 32 || c === 9 || !banNewLines && (c === 10 || c === 13 && ctx.s.charCodeAt(ctx.p + 1) === 10)))
      ctx.p++;
    if (banComments || c !== 35)
      break;
    skipComment(ctx);
  }
}

// ../../main/node_modules/smol-toml/dist/struct.js
function parseKey(ctx, end = 61) {
  let startPtr;
  let state = 0;
  let parsed = [];
  let sliceStart;
  let c = ctx.s.charCodeAt(startPtr = ctx.p);
  do {
    if (c === end) {
      if (!state)
        TomlError.x("unexpected end of key", ctx);
      if (state === 1)
        parsed.push(ctx.s.slice(sliceStart, ctx.p));
      return ctx.p++, parsed;
    } else if (c === 46) {
      if (!state)
        TomlError.x("illegal empty bare key", ctx);
      if (state === 1)
        parsed.push(ctx.s.slice(sliceStart, ctx.p));
      state = 0;
    } else if (!state && (c === 34 || c === 39)) {
      if (c === ctx.s.charCodeAt(ctx.p + 1) && c === ctx.s.charCodeAt(ctx.p + 2))
        TomlError.x("illegal quoted key: multiline strings are not allowed", ctx);
      parsed.push(parseString(ctx));
      state = 2;
      ctx.p--;
    } else if (c === 32 || c === 9) {
      if (state === 1) {
        parsed.push(ctx.s.slice(sliceStart, ctx.p));
        state = 2;
      }
    } else if (state === 2 || c < 48 && c !== 45 || c > 57 && c < 65 || c > 90 && c < 97 && c !== 95 || c > 122) {
      TomlError.x("illegal character in key", ctx);
    } else if (!state) {
      state = 1;
      sliceStart = ctx.p;
    }
  } while (c = ctx.s.charCodeAt(++ctx.p));
  TomlError.x("incomplete key-value: cannot find end of key", ctx, startPtr);
}
function parseInlineTable(ctx) {
  let startPtr = ctx.p++;
  let res = /* @__PURE__ */ Object.create(null);
  let seen = /* @__PURE__ */ new Set();
  let c;
  while (ctx.p < ctx.s.length) {
    skipVoid(ctx);
    if ((c = ctx.s.charCodeAt(ctx.p)) === 125) {
      ctx.p++;
      return res;
    }
    let k;
    let t = res;
    let hasOwn = false;
    let errPtr = ctx.p;
    let key = parseKey(ctx);
    for (let i = 0; i < key.length; i++) {
      if (i)
        t = hasOwn ? t[k] : t[k] = /* @__PURE__ */ Object.create(null);
      k = key[i];
      if ((hasOwn = Object.hasOwn(t, k)) && (typeof t[k] !== "object" || seen.has(t[k]))) {
        TomlError.x("trying to redefine an already defined value", ctx, errPtr);
      }
      let unsafe = k === "__proto__";
      if (ctx.uk && (unsafe || k === "constructor")) {
        t = ctx.uk !== 1 && TomlError.x("document contains an unsafe property", ctx, errPtr);
        break;
      }
      if (!hasOwn && unsafe) {
        Object.defineProperty(t, k, { enumerable: true, configurable: true, writable: true });
      }
    }
    if (hasOwn) {
      TomlError.x("trying to redefine an already defined value", ctx, errPtr);
    }
    skipVoid(ctx, true, true);
    let value = extractValue(
      ctx,
      125
      /* } */
    );
    if (t && typeof (t[k] = value) === "object")
      seen.add(value);
    skipVoid(ctx);
    if ((c = ctx.s.charCodeAt(ctx.p++)) === 125) {
      return res;
    }
    if (c !== 44)
      TomlError.x("expected comma or end of structure", ctx, ctx.p - 1);
  }
  TomlError.x("unfinished table", ctx, startPtr);
}
function parseArray(ctx) {
  let startPtr = ctx.p++;
  let res = [];
  let c;
  while (ctx.p < ctx.s.length) {
    skipVoid(ctx);
    if ((c = ctx.s.charCodeAt(ctx.p)) === 93) {
      ctx.p++;
      return res;
    }
    res.push(extractValue(
      ctx,
      93
      /* ] */
    ));
    skipVoid(ctx);
    if ((c = ctx.s.charCodeAt(ctx.p++)) === 93) {
      return res;
    }
    if (c !== 44)
      TomlError.x("expected comma or end of structure", ctx, ctx.p - 1);
  }
  TomlError.x("unfinished array", ctx, startPtr);
}

// ../../main/node_modules/smol-toml/dist/parse.js
function peekTable(ctx, key, table, meta, type) {
  let t = table;
  let m = meta;
  let k;
  let hasOwn = false;
  let state;
  for (let i = 0; i < key.length; i++) {
    if (i) {
      t = hasOwn ? t[k] : t[k] = /* @__PURE__ */ Object.create(null);
      m = (state = m[k]).c;
      if (type === 0 && (state.t === 1 || state.t === 2)) {
        return null;
      }
      if (state.t === 2) {
        let l = t.length - 1;
        t = t[l];
        m = m[l].c;
      }
    }
    k = key[i];
    if ((hasOwn = Object.hasOwn(t, k)) && m[k]?.t === 0 && m[k]?.d) {
      return null;
    }
    if (!hasOwn) {
      let unsafe = k === "__proto__";
      if (ctx.uk && (unsafe || k === "constructor"))
        return false;
      if (unsafe) {
        Object.defineProperty(t, k, { enumerable: true, configurable: true, writable: true });
        Object.defineProperty(m, k, { enumerable: true, configurable: true, writable: true });
      }
      m[k] = {
        t: i < key.length - 1 && type === 2 ? 3 : type,
        d: false,
        i: 0,
        c: /* @__PURE__ */ Object.create(null)
      };
    }
  }
  state = m[k];
  if (state.t !== type && !(type === 1 && state.t === 3)) {
    return null;
  }
  if (type === 2) {
    if (!state.d) {
      state.d = true;
      t[k] = [];
    }
    t[k].push(t = /* @__PURE__ */ Object.create(null));
    state.c[state.i++] = state = { t: 1, d: false, i: 0, c: /* @__PURE__ */ Object.create(null) };
  }
  if (state.d) {
    return null;
  }
  state.d = true;
  if (type === 1) {
    t = hasOwn ? t[k] : t[k] = /* @__PURE__ */ Object.create(null);
  } else if (type === 0 && hasOwn) {
    return null;
  }
  return [k, t, state.c];
}
function validateTablePeek(ctx, peek, ptr) {
  if (peek === null || ctx.uk === 2)
    TomlError.x(peek === null ? "trying to redefine an already defined table or value" : "document contains an unsafe property", ctx, ptr);
}
function parse(toml2, options = {}) {
  let ctx = {
    s: toml2,
    p: 0,
    d: options.maxDepth ?? 1e3,
    bi: options.integersAsBigInt ?? false,
    ld: options.useLegacyDate ?? true,
    uk: options.unsafeKeyBehaviour === "throw" ? 2 : options.unsafeKeyBehaviour === "drop" ? 1 : 0
  };
  let res = /* @__PURE__ */ Object.create(null);
  let meta = /* @__PURE__ */ Object.create(null);
  let tmp;
  let skipping = false;
  let tbl = res;
  let m = meta;
  if (toml2.charCodeAt(0) === 65279)
    ctx.p++;
  skipVoid(ctx);
  while (ctx.p < toml2.length) {
    if (toml2.charCodeAt(ctx.p) === 91) {
      let isTableArray = toml2.charCodeAt(++ctx.p) === 91;
      tmp = ctx.p += +isTableArray;
      skipping = false;
      let k = parseKey(
        ctx,
        93
        /* ] */
      );
      if (isTableArray) {
        if (toml2.charCodeAt(ctx.p) !== 93) {
          TomlError.x("expected end of table array declaration", ctx);
        }
        ctx.p++;
      }
      let p = peekTable(
        ctx,
        k,
        res,
        meta,
        isTableArray ? 2 : 1
        /* Type.EXPLICIT */
      );
      if (!p) {
        validateTablePeek(ctx, p, tmp);
        skipping = true;
      } else {
        m = p[2];
        tbl = p[1];
      }
    } else {
      tmp = ctx.p;
      let k = parseKey(ctx);
      let p = peekTable(
        ctx,
        k,
        tbl,
        m,
        0
        /* Type.DOTTED */
      );
      if (!p && !skipping)
        validateTablePeek(ctx, p, tmp);
      skipVoid(ctx, true, true);
      let v = extractValue(ctx, void 0);
      if (p && !skipping)
        p[1][p[0]] = v;
    }
    skipVoid(ctx, true);
    if (ctx.p < toml2.length && (tmp = toml2.charCodeAt(ctx.p)) !== 10 && (tmp !== 13 || toml2.charCodeAt(ctx.p + 1) !== 10)) {
      TomlError.x("each key-value declaration must be followed by an end-of-line", ctx);
    }
    skipVoid(ctx);
  }
  return res;
}

// ../../main/node_modules/smol-toml/dist/stringify.js
var HAS_WELLFORMED = !!"".isWellFormed;

// src/lab/standin/log.ts
import { appendFileSync, mkdirSync as mkdirSync2 } from "node:fs";
import { join as join3 } from "node:path";
function logTime(date) {
  return date.toISOString().replace("T", " ").replace(".", ",").replace("Z", "");
}
function fileLine(version, date, level, name, message) {
  const head = `[${logTime(date)}] ${level.padStart(5)} {${name}} -`;
  if (version.startsWith("1.")) return `TID: [0] [AM] ${head}  ${message} {${name}}`;
  if (version.startsWith("2.")) return `TID: [-1234] [] ${head}  ${message} {${name}}`;
  return `TID: [-1234] [] ${head} ${message}`;
}
function consoleLine(date, level, name, message) {
  return `[${logTime(date)}] ${level.padStart(5)} - ${name.slice(name.lastIndexOf(".") + 1)} ${message}`;
}
function openLog(home, version, say) {
  const directory = join3(home, "repository/logs");
  let broken = false;
  const append = (file, text) => {
    try {
      mkdirSync2(directory, { recursive: true });
      appendFileSync(join3(directory, file), text);
    } catch (error) {
      if (!broken) say(`log4j:ERROR setFile(null,true) call failed. ${String(error)}`);
      broken = true;
    }
  };
  return (level, name, message, trace2 = []) => {
    const now = /* @__PURE__ */ new Date();
    const lines = [fileLine(version, now, level, name, message), ...trace2].join("\n");
    append("wso2carbon.log", `${lines}
`);
    if (level !== "INFO") append("wso2-apigw-errors.log", `${lines}
`);
    say([consoleLine(now, level, name, message), ...trace2].join("\n"));
  };
}
function trace(exception, cause) {
  return [
    exception,
    "	at org.wso2.carbon.standin.Lab.run(Lab.java:1)",
    ...cause === void 0 ? [] : [`Caused by: ${cause}`, "	... 1 more"]
  ];
}

// src/lab/standin/server.ts
import { lookup } from "node:dns/promises";
import { existsSync as existsSync3 } from "node:fs";
import { dirname, join as join5 } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

// src/lab/standin/settings.ts
import { readFileSync as readFileSync2 } from "node:fs";
import { join as join4 } from "node:path";
function readSettings(java) {
  const text = readFileSync2(join4(java, "lib/lab/settings.json"), "utf8");
  return JSON.parse(text);
}
function faulty(settings, host, fault) {
  return [...settings.faults["*"] ?? [], ...settings.faults[host] ?? []].includes(fault);
}

// src/lab/standin/server.ts
async function makeServer(machine) {
  const props = properties(machine.args);
  const home = props.get("carbon.home") ?? "";
  const java = dirname(dirname(dirname(machine.program)));
  const version = versionOf(home);
  return {
    machine,
    home,
    version,
    java,
    address: (await lookup(machine.host, 4)).address,
    props,
    profile: props.get("profile") ?? "default",
    log: openLog(home, version, machine.say),
    faulty: (fault) => faulty(readSettings(java), machine.host, fault),
    wait: (seconds) => pause(seconds * 1e3 * readSettings(java).pace)
  };
}
function properties(args) {
  return new Map(
    args.map((arg) => /^-D([^=]+)(?:=(.*))?$/s.exec(arg)).filter((match) => match !== null).map((match) => [match[1] ?? "", match[2] ?? "true"])
  );
}
function saidVersion(server) {
  const xml = readText(server.home, "repository/conf/carbon.xml") ?? "";
  const version = element(xml, "Version") ?? server.version;
  const wrong = server.version === "1.9.1" ? "2.0.0" : "1.9.1";
  return `${element(xml, "Name") ?? "WSO2 API Manager"}-${server.faulty("wrong-version-in-answer") ? wrong : version}`;
}
function portOffset(server) {
  const xml = readText(server.home, "repository/conf/carbon.xml") ?? "";
  return Number(server.props.get("portOffset") ?? element(xml, "Offset") ?? 0) || 0;
}
function plays(server, ...profiles) {
  return server.profile === "default" || profiles.includes(server.profile);
}
function knowsProfile(server) {
  return existsSync3(join5(server.home, "repository/components", server.profile));
}
function atLeast(server, version) {
  return server.version.localeCompare(version, "en", { numeric: true }) >= 0;
}

// src/lab/standin/config-mapper.ts
var resources = "repository/resources/conf";
var toml = "repository/conf/deployment.toml";
function configure(server) {
  if (!atLeast(server, "3.0.0")) return true;
  const say = (level, name, message) => server.machine.say(`[${logTime(/* @__PURE__ */ new Date())}] ${level.padStart(5)} {${name}} - ${message}`);
  const text = readText(server.home, toml);
  if (text === void 0) {
    say(
      "WARN",
      "org.wso2.config.mapper.ConfigParser",
      `deployment.toml not found at ${join6(server.home, toml)}`
    );
    return true;
  }
  let values;
  try {
    values = infer(server, flatten(parse(text)));
  } catch (error) {
    say("ERROR", "org.wso2.config.mapper.TomlParser", String(error).split("\n")[0] ?? "");
    server.machine.say(
      "SEVERE {org.wso2.carbon.server.Main handleConfiguration} - Error while performing configuration changes"
    );
    return false;
  }
  const templates = templatesOf(server.home);
  const why = server.props.get("avoidConfigUpdate") === "true" ? void 0 : change(server, templates);
  if (why === void 0) return true;
  for (const line of why) say("WARN", "org.wso2.config.mapper.ConfigParser", line);
  renderAll(server, templates, values);
  say("INFO", "org.wso2.config.mapper.ConfigParser", "Writing Metadata Entries...");
  return true;
}
function change(server, templates) {
  const { home } = server;
  const overriding = `Overriding files in configuration directory ${home}`;
  const before = new Map(entries(readText(home, `${resources}/.metadata/metadata_config.properties`) ?? ""));
  if (server.props.get("forceConfigUpdate") === "true") return [overriding];
  if (before.get(toml) !== digest(readText(home, toml) ?? ""))
    return [`New Configurations found in :${toml}`, overriding];
  const edited = templates.filter((path) => before.get(path) !== digest(readText(home, path) ?? ""));
  if (edited.length > 0) return [...edited.map((path) => `Configurations Changed in :${path}`), overriding];
  const old = new Map(entries(readText(home, `${resources}/.metadata/metadata_template.properties`) ?? ""));
  const renewed = templates.filter((path) => old.get(path) !== digest(templateText(home, path)));
  if (renewed.length === 0) return void 0;
  return [
    ...renewed.map((path) => `Configurations templates Changed in :${path}.j2`),
    "Applying Configurations upon new Templates"
  ];
}
function renderAll(server, templates, values) {
  const { home } = server;
  rmSync(join6(home, "backup"), { recursive: true, force: true });
  mkdirSync3(join6(home, resources, ".metadata"), { recursive: true });
  for (const path of templates) {
    const target = join6(home, path);
    if (existsSync4(target)) {
      mkdirSync3(dirname2(join6(home, "backup", path)), { recursive: true });
      cpSync(target, join6(home, "backup", path));
    }
    mkdirSync3(dirname2(target), { recursive: true });
    writeFileSync2(target, render(templateText(home, path), values));
  }
  const store = (name, paths, text) => writeFileSync2(
    join6(home, resources, ".metadata", name),
    paths.map((path) => `${path}=${digest(text(path))}
`).join("")
  );
  store("metadata_config.properties", [toml, ...templates], (path) => readText(home, path) ?? "");
  store("metadata_template.properties", templates, (path) => templateText(home, path));
  writeFileSync2(join6(home, resources, ".metadata/references.properties"), "");
}
function render(template, values) {
  return template.replace(
    /\{% if ([\w.]+) %\}\n?([\s\S]*?)\{% endif %\}\n?/g,
    (_, key, body) => values.has(key) ? body : ""
  ).replace(/\{\{([\w.]+)\}\}/g, (_, key) => values.get(key) ?? "");
}
function flatten(table, prefix = "") {
  const found = Object.entries(table).flatMap(
    ([key, value]) => {
      if (typeof value === "object" && value !== null)
        return Array.isArray(value) ? [] : [...flatten(value, `${prefix}${key}.`)];
      return [[`${prefix}${key}`, String(value)]];
    }
  );
  return new Map(found);
}
function infer(server, given) {
  const defaults = JSON.parse(readText(server.home, `${resources}/default.json`) ?? "{}");
  const values = new Map([...Object.entries(defaults), ...given]);
  for (const name of ["apim_db", "shared_db", "user", "config"].map((part) => `database.${part}`)) {
    const host = given.get(`${name}.hostname`);
    const type = given.get(`${name}.type`);
    if (type === void 0 && host === void 0) continue;
    const url = `jdbc:mysql://${host}:${given.get(`${name}.port`) ?? "3306"}/${given.get(`${name}.name`)}?autoReconnect=true&amp;useSSL=false`;
    if (!values.has(`${name}.url`) && host !== void 0 && type === "mysql") values.set(`${name}.url`, url);
    if (!values.has(`${name}.driver`))
      values.set(`${name}.driver`, type === "mysql" ? "com.mysql.jdbc.Driver" : "org.h2.Driver");
  }
  const realm = values.get("realm_manager.data_source") ?? "";
  values.set("realm_manager.data_source", realm.startsWith("jdbc/") ? realm : `jdbc/${realm}`);
  return values;
}
function templatesOf(home) {
  const root = join6(home, resources, "templates");
  if (!existsSync4(root)) return [];
  const all = readdirSync2(root, { recursive: true, encoding: "utf8" });
  return all.filter((path) => path.endsWith(".j2")).map((path) => path.slice(0, -3)).sort();
}
function templateText(home, path) {
  return readText(home, `${resources}/templates/${path}.j2`) ?? "";
}
function entries(text) {
  return text.split("\n").filter(Boolean).map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
}
function digest(text) {
  return createHash("md5").update(text).digest("hex");
}

// src/lab/standin/mysql.ts
import { createHash as createHash2 } from "node:crypto";
import { connect } from "node:net";

// src/lab/standin/mysql-packets.ts
var DatabaseError = class extends Error {
  name = "DatabaseError";
  code;
  constructor(code, message) {
    super(message);
    this.code = code;
  }
};
var PacketReader = class {
  #bytes = Buffer.alloc(0);
  #packets = [];
  #waiting;
  #end;
  constructor(socket) {
    socket.on("data", (bytes) => this.#take(bytes));
    socket.on("error", (error) => this.#stop(error));
    socket.on("close", () => this.#stop(new Error("Communications link failure")));
  }
  /** The next packet's body; throws when the connection is gone. */
  next() {
    const ready = this.#packets.shift();
    if (ready !== void 0) return Promise.resolve(ready);
    if (this.#end !== void 0) return Promise.reject(this.#end);
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
    });
  }
  #take(bytes) {
    this.#bytes = Buffer.concat([this.#bytes, bytes]);
    while (this.#bytes.length >= 4 && this.#bytes.length >= 4 + this.#bytes.readUIntLE(0, 3)) {
      const size = this.#bytes.readUIntLE(0, 3);
      this.#packets.push(this.#bytes.subarray(4, 4 + size));
      this.#bytes = this.#bytes.subarray(4 + size);
    }
    const waiting = this.#waiting;
    if (waiting === void 0 || this.#packets.length === 0) return;
    this.#waiting = void 0;
    const first = this.#packets.shift();
    if (first !== void 0) waiting.resolve(first);
  }
  #stop(error) {
    this.#end ??= error;
    this.#waiting?.reject(this.#end);
    this.#waiting = void 0;
  }
};
function packet(sequence, body) {
  const head = Buffer.alloc(4);
  head.writeUIntLE(body.length, 0, 3);
  head[3] = sequence;
  return Buffer.concat([head, body]);
}
function errorOf(body) {
  if (body[0] !== 255) return void 0;
  const text = body.subarray(3).toString();
  return new DatabaseError(body.readUInt16LE(1), text.startsWith("#") ? text.slice(6) : text);
}
function done(body) {
  return body[0] === 254 && body.length < 9;
}
function textUntilNul(body, from) {
  const end = body.indexOf(0, from);
  return [body.subarray(from, end).toString(), end + 1];
}
function lengthCoded(body, from) {
  const first = body[from] ?? 0;
  if (first < 251) return [first, from + 1];
  const size = first === 252 ? 2 : first === 253 ? 3 : 6;
  return [body.readUIntLE(from + 1, size), from + (first === 254 ? 9 : size + 1)];
}
function lengthCodedText(body, from) {
  if (body[from] === 251) return [null, from + 1];
  const [size, at] = lengthCoded(body, from);
  return [body.subarray(at, at + size).toString(), at + size];
}

// src/lab/standin/mysql.ts
var Session = class _Session {
  #socket;
  #packets;
  #last = Promise.resolve();
  constructor(socket) {
    this.#socket = socket;
    this.#packets = new PacketReader(socket);
  }
  /** Connects and logs in; throws what the server, or the system, says. */
  static async open(target) {
    const socket = connect({ host: target.host, port: target.port, localAddress: target.from });
    const session = new _Session(socket);
    try {
      await session.#login(target);
    } catch (error) {
      socket.destroy();
      throw error;
    }
    return session;
  }
  /** Whether the session was lost. */
  get closed() {
    return this.#socket.destroyed;
  }
  /** Runs one statement; the rows of its last result. */
  query(sql) {
    const run2 = this.#last.then(() => this.#query(sql));
    this.#last = run2.catch(() => void 0);
    return run2;
  }
  /** Says good-bye. */
  close() {
    this.#socket.end(packet(0, Buffer.from([1])));
  }
  async #login(target) {
    const hello = await this.#packets.next();
    const refused = errorOf(hello);
    if (refused !== void 0) throw refused;
    const [, afterVersion] = textUntilNul(hello, 1);
    const scramble = Buffer.concat([
      hello.subarray(afterVersion + 4, afterVersion + 12),
      hello.subarray(afterVersion + 31, afterVersion + 43)
    ]);
    const head = Buffer.alloc(32);
    head.writeUInt32LE(capabilities, 0);
    head.writeUInt32LE(1 << 24, 4);
    head[8] = 45;
    const token = nativePassword(target.password, scramble);
    const body = Buffer.concat([
      head,
      Buffer.from(`${target.user}\0`),
      Buffer.from([token.length]),
      token,
      Buffer.from(`${target.schema}\0mysql_native_password\0`)
    ]);
    this.#socket.write(packet(1, body));
    const answer2 = await this.#packets.next();
    const failed = errorOf(answer2);
    if (failed !== void 0) throw failed;
    if (answer2[0] !== 0)
      throw new Error("The server asks for a way to log in that the stand-in does not know.");
  }
  async #query(sql) {
    this.#socket.write(packet(0, Buffer.concat([Buffer.from([3]), Buffer.from(sql)])));
    let rows = [];
    for (; ; ) {
      const first = await this.#packets.next();
      const failed = errorOf(first);
      if (failed !== void 0) throw failed;
      if (first[0] === 0) {
        const [, afterRows] = lengthCoded(first, 1);
        const [, afterId] = lengthCoded(first, afterRows);
        if ((first.readUInt16LE(afterId) & moreResults) === 0) return rows;
        continue;
      }
      const [columns] = lengthCoded(first, 0);
      for (let at = 0; at <= columns; at += 1) await this.#packets.next();
      const [found, status] = await this.#rows(columns);
      rows = found;
      if ((status & moreResults) === 0) return rows;
    }
  }
  async #rows(columns) {
    const rows = [];
    for (; ; ) {
      const next = await this.#packets.next();
      const failed = errorOf(next);
      if (failed !== void 0) throw failed;
      if (done(next)) return [rows, next.readUInt16LE(3)];
      const row = [];
      for (let at = 0, column = 0; column < columns; column += 1) {
        const [text, after] = lengthCodedText(next, at);
        row.push(text);
        at = after;
      }
      rows.push(row);
    }
  }
};
var capabilities = 1 | 8 | 512 | 8192 | 32768 | 131072 | 524288;
var moreResults = 8;
function nativePassword(password, scramble) {
  if (password === "") return Buffer.alloc(0);
  const sha1 = (...parts) => createHash2("sha1").update(Buffer.concat(parts)).digest();
  const once = sha1(Buffer.from(password));
  const mask = sha1(scramble, sha1(once));
  return Buffer.from(once.map((byte, at) => byte ^ (mask[at] ?? 0)));
}

// src/lab/standin/sources.ts
function readDatabases(home) {
  const directory = "repository/conf/datasources";
  const all = namesIn(home, directory).filter((name) => name.endsWith("-datasources.xml")).flatMap((name) => blocks(readText(home, `${directory}/${name}`) ?? "", "datasource")).map(dataSource).filter((source) => source !== void 0);
  const at = (jndi) => all.find((source) => source.jndi === jndi);
  const users = /<Property\s+name="dataSource"\s*>([^<]+)</.exec(
    readText(home, "repository/conf/user-mgt.xml") ?? ""
  );
  const am = element(readText(home, "repository/conf/api-manager.xml") ?? "", "DataSourceName");
  return { all, am: at(am), um: at(users?.[1]?.trim()), reg: at(registrySource(home)) };
}
function registrySource(home) {
  const xml = readText(home, "repository/conf/registry.xml") ?? "";
  const named = new Map(
    [...xml.matchAll(/<dbConfig\s+name="([^"]+)"\s*>([\s\S]*?)<\/dbConfig>/g)].map((match) => [
      match[1] ?? "",
      element(match[2] ?? "", "dataSource")
    ])
  );
  const instance = element(blocks(xml, "mount")[0] ?? "", "instanceId");
  const remote = blocks(xml, "remoteInstance").find((block) => element(block, "id") === instance);
  return named.get(
    (remote === void 0 ? element(xml, "currentDBConfig") : element(remote, "dbConfig")) ?? ""
  );
}
function dataSource(block) {
  const url = /^jdbc:(?:mysql|mariadb):\/\/([^:/?]+)(?::(\d+))?\/([^?;]+)/.exec(element(block, "url") ?? "");
  if (url === null) return void 0;
  const [, host = "", port = "3306", schema = ""] = url;
  return {
    name: element(block, "name") ?? "",
    jndi: element(blocks(block, "jndiConfig")[0] ?? "", "name") ?? "",
    driver: element(block, "driverClassName") ?? "com.mysql.jdbc.Driver",
    target: {
      host,
      port: Number(port),
      schema,
      user: element(block, "username") ?? "",
      password: element(block, "password") ?? ""
    }
  };
}

// src/lab/standin/databases.ts
async function openDatabases(server) {
  const databases = readDatabases(server.home);
  const sessions = /* @__PURE__ */ new Map();
  const session = async (source) => {
    const held = sessions.get(source.name);
    if (held !== void 0 && !held.closed) return held;
    const opened = await Session.open({ ...source.target, from: server.address });
    sessions.set(source.name, opened);
    return opened;
  };
  const driver = databases.all.find((source) => !hasDriver(server, source));
  if (driver !== void 0) {
    return refuse(
      server,
      `java.lang.ClassNotFoundException: ${driver.driver}`,
      "Cannot initialize the realm."
    );
  }
  for (const source of databases.all) {
    const { host, port, schema } = source.target;
    try {
      if (server.faulty("db-unreachable")) throw new Error(`connect ECONNREFUSED ${host}:${port}`);
      await (await session(source)).query("SELECT 1");
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      const kind = why.startsWith("Access denied") || why.startsWith("Unknown database") ? "java.sql.SQLException" : linkFailure;
      return refuse(server, `${kind}: ${why} (${schema})`, "Cannot initialize the realm.");
    }
  }
  server.log("INFO", "org.wso2.carbon.user.core.internal.Activator", "User Manager Core bundle is activated");
  return { ...databases, session };
}
var linkFailure = "com.mysql.jdbc.exceptions.jdbc4.CommunicationsException: Communications link failure";
function hasDriver(server, source) {
  if (server.faulty("missing-jdbc-driver")) return false;
  const word = source.driver.includes("mariadb") ? "mariadb" : "mysql";
  return ["lib", "dropins"].some(
    (directory) => namesIn(server.home, `repository/components/${directory}`).some(
      (name) => name.includes(word) && name.endsWith(".jar")
    )
  );
}
function refuse(server, cause, message) {
  server.log(
    "ERROR",
    "org.wso2.carbon.user.core.internal.Activator",
    "Cannot start User Manager Core bundle",
    trace(`org.wso2.carbon.user.core.UserStoreException: ${message}`, cause)
  );
  return void 0;
}

// src/lab/standin/depsync.ts
async function synchronize(_server) {
}

// src/lab/standin/hang.ts
async function hang(server, service) {
  for (let first = true; ; first = false) {
    await server.wait(first ? 2 : 60);
    if (service === void 0) continue;
    const name = "org.wso2.carbon.core.internal.StartupFinalizerServiceComponent";
    server.log("WARN", name, `Waiting for required OSGi services: ${service},`);
  }
}

// src/lab/standin/listen.ts
import { readFileSync as readFileSync3 } from "node:fs";
import { createServer as createHttp } from "node:http";
import { createServer as createHttps } from "node:https";
import { createServer as createTcp } from "node:net";
import { join as join7 } from "node:path";

// src/lab/standin/answers.ts
function answer(response, status, type, body, head = {}) {
  response.writeHead(status, { "Content-Type": type, Server: "WSO2 Carbon Server", ...head });
  response.end(body);
}
function answerVersion(server, response) {
  const body = `<ns:getVersionResponse xmlns:ns="http://version.services.core.carbon.wso2.org"><return>${saidVersion(server)}</return></ns:getVersionResponse>`;
  if (server.faulty("started-but-unhealthy")) answer(response, 500, "text/plain", "Internal Server Error");
  else answer(response, 200, "application/xml;charset=UTF-8", body);
}
async function answerToken(request, response, databases) {
  const basic = /^Basic (.+)$/.exec(request.headers.authorization ?? "");
  const [key = "", secret = ""] = Buffer.from(basic?.[1] ?? "", "base64").toString().split(":");
  const refuse2 = (status, error) => answer(
    response,
    status,
    "application/json",
    JSON.stringify({ error, error_description: "Client Authentication failed." })
  );
  if (basic === null || databases.am === void 0)
    return refuse2(basic === null ? 400 : 401, "invalid_client");
  try {
    const session = await databases.session(databases.am);
    const found = await session.query(
      `SELECT CONSUMER_SECRET FROM IDN_OAUTH_CONSUMER_APPS WHERE CONSUMER_KEY = ${literal(key)}`
    );
    if (found[0]?.[0] !== secret) return refuse2(401, "invalid_client");
  } catch {
    return answer(response, 500, "application/json", JSON.stringify({ error: "server_error" }));
  }
  const token = {
    access_token: `lab-${Date.now().toString(36)}`,
    scope: "default",
    token_type: "Bearer",
    expires_in: 3600
  };
  answer(response, 200, "application/json", JSON.stringify(token));
}
function literal(text) {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

// src/lab/standin/gateway.ts
function gateway(server, databases) {
  return (request, response) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (server.faulty("oom-after-start")) return;
    if (path === "/services/Version") return answerVersion(server, response);
    if (server.faulty("started-but-unhealthy"))
      return answer(response, 500, "text/plain", "Internal Server Error");
    if (path === "/token" && request.method === "POST") return void answerToken(request, response, databases);
    if (path === "/" && atLeast(server, "3.0.0"))
      return answer(response, 200, "text/html", "<h1>Welcome to APIM</h1>");
    const api = plays(server, "gateway-manager", "gateway-worker") ? contexts(server.home).find((context) => path === context || path.startsWith(`${context}/`)) : void 0;
    if (api === void 0) return notFound(server, path, response);
    void callApi(request, response, databases, api);
  };
}
function contexts(home) {
  const tenants = namesIn(home, "repository/tenants").map((id) => `repository/tenants/${id}`);
  return ["repository/deployment/server", ...tenants].map((root) => `${root}/synapse-configs/default/api`).flatMap((directory) => namesIn(home, directory).map((name) => `${directory}/${name}`)).filter((path) => path.endsWith(".xml") && !/\/_\w+_\.xml$/.test(path)).map((path) => /<api\s[^>]*\bcontext="([^"]+)"/.exec(readText(home, path) ?? "")?.[1]).filter((context) => context !== void 0);
}
async function callApi(request, response, databases, api) {
  const bearer = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
  if (bearer !== void 0 && databases.am !== void 0 && !bearer.startsWith("lab-")) {
    const sql = `SELECT 1 FROM IDN_OAUTH2_ACCESS_TOKEN WHERE ACCESS_TOKEN = ${literal(bearer)} AND TOKEN_STATE = 'ACTIVE'`;
    const found = await databases.session(databases.am).then((session) => session.query(sql)).catch(() => void 0);
    if (found === void 0) return answer(response, 500, "application/json", '{"fault":{"code":900900}}');
    if (found.length === 0)
      return answer(
        response,
        401,
        "application/json",
        '{"fault":{"code":900901,"message":"Invalid Credentials"}}'
      );
  }
  answer(response, 200, "application/json", JSON.stringify({ api, backend: "lab" }));
}
function notFound(server, path, response) {
  const what = atLeast(server, "2.6.0") ? "The requested resource is not available." : `The requested resource (${path}) is not available.`;
  const line = `STATUS = Message dispatched to the main sequence. Invalid URL., RESOURCE = ${path}`;
  server.log("INFO", "org.apache.synapse.mediators.builtin.LogMediator", line);
  const body = `<am:fault xmlns:am="http://wso2.org/apimanager"><am:code>404</am:code><am:type>Status report</am:type><am:message>Not Found</am:message><am:description>${what}</am:description></am:fault>`;
  answer(response, 404, "application/xml; charset=UTF-8", body);
}

// src/lab/standin/portals.ts
function portals(server, databases) {
  const pages = pagesOf(server);
  const rest = restOf(server);
  return (request, response) => {
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (server.faulty("oom-after-start")) return;
    if (path === "/services/Version") return answerVersion(server, response);
    if (server.faulty("started-but-unhealthy"))
      return answer(response, 500, "text/plain", "Internal Server Error");
    if (path === "/oauth2/token" && plays(server, "api-key-manager")) {
      return void answerToken(request, response, databases);
    }
    if (rest.some((root) => path.startsWith(root))) {
      return answer(
        response,
        401,
        "application/json",
        '{"code":401,"message":"","description":"Unauthenticated request"}'
      );
    }
    const page = pages.find((root) => path === root || path.startsWith(`${root}/`));
    if (page !== void 0) return answer(response, 200, "text/html", `<title>${page.slice(1)}</title>`);
    answer(response, 404, "text/html", "<h1>404 Not Found</h1>");
  };
}
function pagesOf(server) {
  const deployed = namesIn(server.home, "repository/deployment/server/jaggeryapps");
  const mine = [
    ...plays(server, "api-publisher") ? ["publisher", "admin", "workflow-admin", "admin-dashboard"] : [],
    ...plays(server, "api-store", "api-devportal") ? ["store", "devportal"] : []
  ];
  const console = plays(
    server,
    "api-publisher",
    "api-store",
    "api-devportal",
    "api-key-manager",
    "gateway-manager"
  );
  return [
    ...mine.filter((name) => deployed.includes(name)).map((name) => `/${name}`),
    ...console ? ["/carbon"] : []
  ];
}
function restOf(server) {
  if (!atLeast(server, "2.0.0")) return [];
  const wars = namesIn(server.home, "repository/deployment/server/webapps").filter(
    (name) => name.startsWith("api#am#")
  );
  return wars.filter((name) => !name.includes("store") || plays(server, "api-store", "api-devportal")).filter((name) => !/publisher|admin/.test(name) || plays(server, "api-publisher")).map((name) => `/${name.replace(".war", "").replaceAll("#", "/")}`);
}

// src/lab/standin/listen.ts
async function listenAll(server, databases) {
  const open = [];
  const offset = portOffset(server);
  const tls = {
    key: readFileSync3(join7(server.java, "lib/lab/tls.key")),
    cert: readFileSync3(join7(server.java, "lib/lab/tls.crt")),
    minVersion: "TLSv1"
  };
  const listen = async (port, made) => {
    const taken = server.faulty(`port-in-use-${port}`) ? "Address already in use" : await bind(made, port + offset, server.address);
    if (taken === void 0) open.push(made);
    return taken;
  };
  const web = (port, handler, secure) => listen(port, secure ? createHttps(tls, handler) : createHttp(handler));
  const info = (name, message) => server.log("INFO", name, message);
  const passThrough = "org.apache.synapse.transport.passthru";
  info(
    "org.wso2.carbon.core.init.CarbonServerManager",
    `Repository       : ${server.home}/repository/deployment/server/`
  );
  info(
    "org.wso2.carbon.user.core.internal.UserStoreMgtDSComponent",
    "Permission cache updated for tenant -1234"
  );
  await server.wait(0.4);
  info(
    "org.wso2.carbon.webapp.mgt.TomcatGenericWebappsDeployer",
    "Deployed webapp: StandardEngine[Catalina].StandardHost[localhost].StandardContext[/oauth2]"
  );
  const routes = gateway(server, databases);
  for (const [port, kind] of [
    [8280, "HTTP"],
    [8243, "HTTPS"]
  ]) {
    const name = `${passThrough}.PassThrough${kind === "HTTP" ? "HttpListener" : "HttpSSLListener"}`;
    info(name, `Starting Pass-through ${kind} Listener...`);
    const taken = await web(port, routes, kind === "HTTPS");
    info(name, `Pass-through ${kind} Listener started on 0.0.0.0:${port + offset}`);
    if (taken !== void 0) {
      server.log(
        "WARN",
        name,
        `System may be unstable: ${kind} ListeningIOReactor encountered a checked exception : ${taken}`
      );
    }
  }
  for (const port of plainPorts(server)) {
    const taken = await listen(
      port,
      createTcp((socket) => socket.on("error", () => void 0))
    );
    if (port === 7711 || port === 9711) {
      info(
        "org.wso2.carbon.databridge.receiver.thrift.ThriftDataReceiver",
        `Thrift receiver started on 0.0.0.0:${port + offset}`
      );
    }
    if (taken !== void 0 && port === 5672) await brokerFails(server, taken);
  }
  await server.wait(0.3);
  const pages = portals(server, databases);
  for (const port of [9763, 9443]) {
    const taken = await web(port, pages, port === 9443);
    if (taken === void 0) continue;
    const name = "org.wso2.carbon.tomcat.ext.transport.ServletTransportManager";
    server.log("ERROR", name, "LifeCycleException while starting tomcat connector", [
      `java.net.BindException: ${taken}`
    ]);
  }
  return { close: () => open.forEach((made) => void made.close()) };
}
function plainPorts(server) {
  const newer = atLeast(server, "2.0.0");
  const latest = atLeast(server, "3.0.0");
  return [
    ...newer && plays(server, "traffic-manager") ? [5672, 9611, 9711] : [],
    ...newer && !latest && plays(server, "traffic-manager") ? [7611, 7711] : [],
    ...!latest && plays(server, "api-key-manager") ? [10397] : [],
    ...atLeast(server, "2.6.0") && plays(server, "gateway-worker") ? [9099, 8099] : []
  ];
}
async function brokerFails(server, why) {
  server.log("ERROR", "org.wso2.andes.server.Broker", `Error while starting the broker: ${why}`);
  await server.wait(3);
  server.machine.exit(0);
}
function bind(made, port, address) {
  return new Promise((resolve) => {
    made.once(
      "error",
      (error) => resolve(error.code === "EADDRINUSE" ? "Address already in use" : error.message)
    );
    made.listen(port, address, () => resolve(void 0));
  });
}

// src/lab/standin/schema-check.ts
var uses = [
  use("1.9.0", "2.0.0", "org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO", "SELECT CONTEXT_TEMPLATE FROM AM_API"),
  use(
    "1.9.0",
    "2.0.0",
    "org.wso2.carbon.identity.oauth2.dao.TokenMgtDAO",
    "SELECT CONSUMER_KEY, TOKEN_SCOPE FROM IDN_OAUTH2_ACCESS_TOKEN"
  ),
  use(
    "1.9.0",
    "2.0.0",
    "org.wso2.carbon.identity.scim.common.impl.DefaultSCIMProvisioningHandler",
    "SELECT * FROM IDN_SCIM_PROVIDER"
  ),
  use("2.0.0", "", "org.wso2.carbon.idp.mgt.dao.IdPManagementDAO", "SELECT NAME FROM IDP_METADATA"),
  use("2.0.0", "", "org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO", "SELECT NAME FROM AM_POLICY_APPLICATION"),
  use("2.0.0", "", "org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO", "SELECT NAME FROM AM_POLICY_SUBSCRIPTION"),
  use("2.0.0", "", "org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO", "SELECT API_TIER FROM AM_API"),
  use(
    "2.0.0",
    "",
    "org.wso2.carbon.identity.oauth2.dao.TokenMgtDAO",
    "SELECT TOKEN_ID FROM IDN_OAUTH2_ACCESS_TOKEN"
  ),
  use("2.6.0", "", "org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO", "SELECT NAME FROM AM_LABELS"),
  use("2.6.0", "", "org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO", "SELECT TOKEN_TYPE FROM AM_APPLICATION"),
  use(
    "2.6.0",
    "",
    "org.wso2.carbon.identity.claim.metadata.mgt.dao.ClaimDialectDAO",
    "SELECT DIALECT_URI FROM IDN_CLAIM_DIALECT"
  ),
  use(
    "2.6.0",
    "",
    "org.wso2.carbon.identity.openidconnect.dao.ScopeClaimMappingDAOImpl",
    "SELECT NAME FROM IDN_OIDC_SCOPE"
  ),
  use(
    "2.6.0",
    "",
    "org.wso2.carbon.identity.oauth2.dao.AccessTokenDAOImpl",
    "SELECT ACCESS_TOKEN_HASH FROM IDN_OAUTH2_ACCESS_TOKEN"
  ),
  use("3.0.0", "", "org.wso2.carbon.apimgt.impl.dao.ApiMgtDAO", "SELECT API_TYPE FROM AM_API"),
  use("3.0.0", "", "org.wso2.carbon.apimgt.impl.dao.SystemApplicationDAO", "SELECT NAME FROM AM_SYSTEM_APPS"),
  use(
    "3.0.0",
    "",
    "org.wso2.carbon.identity.oauth2.dao.AccessTokenDAOImpl",
    "SELECT IDP_ID FROM IDN_OAUTH2_ACCESS_TOKEN"
  ),
  use(
    "3.0.0",
    "",
    "org.wso2.carbon.identity.application.authentication.framework.store.UserSessionStore",
    "SELECT VALUE FROM IDN_AUTH_SESSION_META_DATA"
  )
];
async function complainAboutSchema(server, databases) {
  if (databases.am === void 0) return;
  const session = await databases.session(databases.am);
  for (const { since, until, name, sql } of uses) {
    if (!atLeast(server, since) || until !== "" && atLeast(server, until)) continue;
    const error = await session.query(`${sql} LIMIT 1`).then(
      () => void 0,
      (reason) => reason instanceof Error ? reason.message : String(reason)
    );
    if (error === void 0) continue;
    const exception = `com.mysql.jdbc.exceptions.jdbc4.MySQLSyntaxErrorException: ${error}`;
    server.log("ERROR", name, `Error while executing SQL: ${error}`, trace(exception));
  }
}
function use(since, until, name, sql) {
  return { since, until, name, sql };
}

// src/lab/standin/shutdown.ts
function shutDown(server, listeners) {
  let going = false;
  server.machine.onTerm(() => {
    if (going || server.faulty("ignores-sigterm")) return;
    going = true;
    void leave(server, listeners);
  });
}
async function leave(server, listeners) {
  const say = (message) => server.log("INFO", "org.wso2.carbon.core.init.CarbonServerManager", message);
  say("Shutdown hook triggered....");
  say("Gracefully shutting down WSO2 API Manager...");
  say("Starting to switch to maintenance mode...");
  listeners.close();
  say("Stopped all transport listeners");
  say("Waiting for request service completion...");
  if (server.faulty("slow-stop")) {
    await server.wait(60);
    server.log(
      "WARN",
      "org.wso2.carbon.core.init.CarbonServerManager",
      "Timeout occurred even though there are active connections."
    );
  }
  await server.wait(0.6);
  say("All requests have been served.");
  say("Waiting for deployment completion...");
  say("All deployment tasks have been completed.");
  say("Waiting for server task completion...");
  say("All server tasks have been completed.");
  say("Shutting down WSO2 API Manager...");
  say("Shutting down OSGi framework...");
  say("Stopping CarbonServerManager...");
  say("Shutdown complete");
  say("Halting JVM");
  server.machine.exit(143);
}

// src/lab/standin/start-lines.ts
var core = "org.wso2.carbon.core";
function greet(server) {
  const say = (message) => server.log("INFO", `${core}.internal.CarbonCoreActivator`, message);
  say("Starting WSO2 Carbon...");
  say("Operating System : Linux 6.1, amd64");
  say(`Java Home        : ${server.java}/jre`);
  say("Java Version     : 1.8.0_292");
  say("Java VM          : OpenJDK 64-Bit Server VM 25.292-b10");
  say(`Carbon Home      : ${server.home}`);
  say(`Java Temp Dir    : ${server.home}/tmp`);
  say("User             : wso2carbon, en-US, Etc/UTC");
}
async function finishStart(server, began) {
  const offset = portOffset(server);
  const finalizer = `${core}.internal.StartupFinalizerServiceComponent`;
  server.log(
    "INFO",
    `${core}.init.JMXServerManager`,
    `JMX Service URL  : service:jmx:rmi://localhost:${11111 + offset}/jndi/rmi://localhost:${9999 + offset}/jmxrmi`
  );
  await server.wait(0.2);
  server.log("INFO", finalizer, `Server           :  ${saidVersion(server)}`);
  server.log("INFO", finalizer, `WSO2 Carbon started in ${Math.ceil((performance.now() - began) / 1e3)} sec`);
  await server.wait(0.3);
  for (const line of contexts2(server, offset)) {
    server.log("INFO", "org.wso2.carbon.ui.internal.CarbonUIServiceComponent", line);
  }
}
function contexts2(server, offset) {
  if (!plays(server, "api-publisher", "api-store", "api-devportal")) return [];
  const host = element(readText(server.home, "repository/conf/carbon.xml") ?? "", "HostName") ?? "localhost";
  const https = `https://${host}:${9443 + offset}`;
  const console = `Mgt Console URL  : ${https}/carbon/`;
  const publisher = `API Publisher Default Context : `;
  if (atLeast(server, "3.0.0")) {
    return [
      console,
      `API Developer Portal Default Context : ${https}/devportal`,
      `${publisher}${https}/publisher`
    ];
  }
  const base = atLeast(server, "2.6.0") ? https : `http://${host}:${9763 + offset}`;
  const store = `API Store Default Context : ${base}/store`;
  const lines = [store, `${publisher}${base}/publisher`];
  return [console, ...atLeast(server, "2.6.0") ? lines : lines.reverse()];
}

// src/lab/standin/vault.ts
import { existsSync as existsSync5, readFileSync as readFileSync4, rmSync as rmSync2 } from "node:fs";
import { join as join8 } from "node:path";
var files = ["carbon.xml", "datasources/master-datasources.xml", "user-mgt.xml", "api-manager.xml"];
function secretsAreMissing(server) {
  const used = files.some((file) => /secretAlias=/.test(readText(server.home, `repository/conf/${file}`) ?? "")) || /^\[secrets\]/m.test(readText(server.home, "repository/conf/deployment.toml") ?? "");
  if (!used) return false;
  const once = join8(server.home, "password-tmp");
  if (existsSync5(once)) {
    const empty = readFileSync4(once, "utf8").trim() === "";
    rmSync2(once);
    return empty;
  }
  return !existsSync5(join8(server.home, "password-persist"));
}

// src/lab/standin/run.ts
async function run(machine) {
  const began = performance.now();
  const server = await makeServer(machine);
  if (server.home === "") machine.exit(1);
  writePid(server);
  if (server.faulty("ignores-sigterm")) machine.onTerm(() => void 0);
  if (!configure(server)) machine.exit(1);
  if (secretsAreMissing(server)) {
    machine.say("[Enter KeyStore and Private Key Password :]");
    return hang(server, void 0);
  }
  greet(server);
  await server.wait(0.3);
  if (server.faulty("exits-1-early")) machine.exit(1);
  if (!knowsProfile(server)) return hang(server, void 0);
  if (server.faulty("init-failed-jvm-lives")) return failInit(server);
  makeBundles(server);
  const databases = await openDatabases(server);
  if (databases === void 0) return hang(server, "org.wso2.carbon.user.core.service.RealmService");
  await earlyClients(server, databases);
  if (server.faulty("start-hangs"))
    return hang(server, "org.wso2.carbon.apimgt.impl.APIManagerConfigurationService");
  await synchronize(server);
  const listeners = await listenAll(server, databases);
  shutDown(server, listeners);
  if (server.faulty("slow-start")) await server.wait(120);
  await finishStart(server, began);
  await complainAboutSchema(server, databases);
  await lateClients(server, databases);
  if (server.faulty("crash-after-start")) {
    await server.wait(3);
    machine.kill();
  }
}
function writePid(server) {
  const bytes = Buffer.alloc(100);
  bytes.write(`${server.machine.pid}
`);
  try {
    writeFileSync3(join9(server.home, "wso2carbon.pid"), bytes);
  } catch {
    server.machine.say("WARNING: Cannot write wso2carbon.pid file");
  }
  mkdirSync4(join9(server.home, "tmp"), { recursive: true });
}
function failInit(server) {
  server.log("FATAL", "org.wso2.carbon.core.init.CarbonServerManager", "WSO2 Carbon initialization Failed");
  return hang(server, void 0);
}

// src/lab/standin/main.ts
process.stdout.on("error", () => void 0);
process.stderr.on("error", () => void 0);
await run({
  args: process.argv.slice(2),
  program: fileURLToPath(import.meta.url),
  pid: process.pid,
  host: hostname(),
  say: (line) => void process.stdout.write(`${line}
`),
  exit: (code) => process.exit(code),
  kill: () => void process.kill(process.pid, "SIGKILL"),
  onTerm: (handler) => void process.on("SIGTERM", handler)
});
/*! Bundled license information:

smol-toml/dist/error.js:
smol-toml/dist/primitive.js:
smol-toml/dist/date.js:
smol-toml/dist/extract.js:
smol-toml/dist/util.js:
smol-toml/dist/struct.js:
smol-toml/dist/parse.js:
smol-toml/dist/stringify.js:
smol-toml/dist/index.js:
  (*!
   * Copyright (c) Squirrel Chat et al., All rights reserved.
   * SPDX-License-Identifier: BSD-3-Clause
   *
   * Redistribution and use in source and binary forms, with or without
   * modification, are permitted provided that the following conditions are met:
   *
   * 1. Redistributions of source code must retain the above copyright notice, this
   *    list of conditions and the following disclaimer.
   * 2. Redistributions in binary form must reproduce the above copyright notice,
   *    this list of conditions and the following disclaimer in the
   *    documentation and/or other materials provided with the distribution.
   * 3. Neither the name of the copyright holder nor the names of its contributors
   *    may be used to endorse or promote products derived from this software without
   *    specific prior written permission.
   *
   * THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS" AND
   * ANY EXPRESS OR IMPLIED WARRANTIES, INCLUDING, BUT NOT LIMITED TO, THE IMPLIED
   * WARRANTIES OF MERCHANTABILITY AND FITNESS FOR A PARTICULAR PURPOSE ARE
   * DISCLAIMED. IN NO EVENT SHALL THE COPYRIGHT HOLDER OR CONTRIBUTORS BE LIABLE
   * FOR ANY DIRECT, INDIRECT, INCIDENTAL, SPECIAL, EXEMPLARY, OR CONSEQUENTIAL
   * DAMAGES (INCLUDING, BUT NOT LIMITED TO, PROCUREMENT OF SUBSTITUTE GOODS OR
   * SERVICES; LOSS OF USE, DATA, OR PROFITS; OR BUSINESS INTERRUPTION) HOWEVER
   * CAUSED AND ON ANY THEORY OF LIABILITY, WHETHER IN CONTRACT, STRICT LIABILITY,
   * OR TORT (INCLUDING NEGLIGENCE OR OTHERWISE) ARISING IN ANY WAY OUT OF THE USE
   * OF THIS SOFTWARE, EVEN IF ADVISED OF THE POSSIBILITY OF SUCH DAMAGE.
   *)
*/
