import Testing

/// Byte streams and the one way they may be read (T20). Each code point of `stream` is one byte. `verdict` is
/// in the notation of `Transcript`.
struct SmugglingCase: CustomTestStringConvertible {
    let name: String
    let stream: String
    let verdict: String

    init(_ name: String, _ stream: String, _ verdict: String) {
        (self.name, self.stream, self.verdict) = (name, stream, verdict)
    }

    var testDescription: String { name }

    /// Whether the stream ends in an error.
    var isRefused: Bool { verdict.split(separator: " ").last?.hasPrefix("!") == true }

    var bytes: [UInt8] { stream.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) } }

    static let all =
        requestLines + targets + lines + names + hosts + lengths + codings + chunks + trailers + pipelines
        + options
}

/// A GET whose request line is given.
private func get(_ line: String) -> String { line + "\r\nHost: a\r\n\r\n" }

/// A POST with more header lines, then what follows its head.
private func post(_ lines: String..., then rest: String = "") -> String {
    "POST /x HTTP/1.1\r\nHost: a\r\n" + lines.map { $0 + "\r\n" }.joined() + "\r\n" + rest
}

/// A chunked POST.
private func chunked(_ body: String) -> String { post("Transfer-Encoding: chunked", then: body) }

extension SmugglingCase {
    private static let requestLines: [SmugglingCase] = [
        .init("plain", get("GET / HTTP/1.1"), "GET / ."),
        .init("HTTP/1.0", get("GET / HTTP/1.0"), "GET / ."),
        .init("HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", "GET / ."),
        .init("HTTP/0.9", "GET /\r\n\r\n", "!malformed_request_line"),
        .init("HTTP/1.2", get("GET / HTTP/1.2"), "!unsupported_version"),
        .init("HTTP/2.0", get("GET / HTTP/2.0"), "!unsupported_version"),
        .init("HTTP/0.9 written", get("GET / HTTP/0.9"), "!unsupported_version"),
        .init("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "!unsupported_target_form"),
        .init("HTTP/1.10", get("GET / HTTP/1.10"), "!malformed_request_line"),
        .init("HTTP/1", get("GET / HTTP/1"), "!malformed_request_line"),
        .init("HTTP/11.1", get("GET / HTTP/11.1"), "!malformed_request_line"),
        .init("HTTP/1,1", get("GET / HTTP/1,1"), "!malformed_request_line"),
        .init("lower-case version", get("GET / http/1.1"), "!malformed_request_line"),
        .init("another protocol", get("GET / HTTPS/1.1"), "!malformed_request_line"),
        .init("space behind version", get("GET / HTTP/1.1 "), "!malformed_request_line"),
        .init("tab behind version", get("GET / HTTP/1.1\t"), "!control_byte"),
        .init("NUL behind version", get("GET / HTTP/1.1\u{0}"), "!control_byte"),
        .init("two spaces before target", get("GET  / HTTP/1.1"), "!malformed_request_line"),
        .init("two spaces before version", get("GET /  HTTP/1.1"), "!malformed_request_line"),
        .init("tab for space", get("GET\t/ HTTP/1.1"), "!control_byte"),
        .init("tab before version", get("GET /\tHTTP/1.1"), "!control_byte"),
        .init("space before method", get(" GET / HTTP/1.1"), "!malformed_request_line"),
        .init("method only", "GET\r\n\r\n", "!malformed_request_line"),
        .init("method and space", "GET \r\n\r\n", "!unsupported_target_form"),
        .init("no method", get("/ HTTP/1.1"), "!malformed_request_line"),
        .init("method is no token", get("G(T / HTTP/1.1"), "!malformed_request_line"),
        .init("NUL in method", get("G\u{0}T / HTTP/1.1"), "!control_byte"),
        .init("lower-case method is another", get("get / HTTP/1.1"), "get / ."),
        .init("unknown method", get("BREW / HTTP/1.1"), "BREW / ."),
        .init(
            "method of 24 bytes", get("ABCDEFGHIJKLMNOPQRSTUVWX / HTTP/1.1"), "ABCDEFGHIJKLMNOPQRSTUVWX / ."),
        .init("method of 25 bytes", get("ABCDEFGHIJKLMNOPQRSTUVWXY / HTTP/1.1"), "!method_too_long"),
        .init("TLS on the plain port", "\u{16}\u{3}\u{1}\u{2}", "!malformed_request_line"),
        .init("request line of 8 KiB", get("GET /" + a(8178) + " HTTP/1.1"), "GET /" + a(8178) + " ."),
        .init("request line of 8 KiB + 1", get("GET /" + a(8179) + " HTTP/1.1"), "!request_line_too_long"),
        .init("endless request line", "GET /" + a(9000), "!request_line_too_long"),
    ]

    private static let targets: [SmugglingCase] = [
        .init("query", get("GET /a?b=c&d=%20? HTTP/1.1"), "GET /a?b=c&d=%20? ."),
        .init("empty query", get("GET /a? HTTP/1.1"), "GET /a? ."),
        .init("every path byte", get("GET /-._~!$&'()*+,;=:@%41 HTTP/1.1"), "GET /-._~!$&'()*+,;=:@%41 ."),
        .init("two slashes first", get("GET //evil/x HTTP/1.1"), "GET //evil/x ."),
        .init("fragment", get("GET /a#b HTTP/1.1"), "!fragment_in_target"),
        .init("fragment in query", get("GET /a?b#c HTTP/1.1"), "!fragment_in_target"),
        .init("high byte in path", get("GET /\u{E9} HTTP/1.1"), "!invalid_target_byte"),
        .init("high byte in query", get("GET /?\u{E9} HTTP/1.1"), "!invalid_target_byte"),
        .init("high byte first", get("GET \u{E9} HTTP/1.1"), "!invalid_target_byte"),
        .init("backslash", get("GET /a\\b HTTP/1.1"), "!invalid_target_byte"),
        .init("quote", get("GET /a\"b HTTP/1.1"), "!invalid_target_byte"),
        .init("angle bracket", get("GET /<a> HTTP/1.1"), "!invalid_target_byte"),
        .init("bracket in query", get("GET /?a[0]=1 HTTP/1.1"), "!invalid_target_byte"),
        .init("NUL in path", get("GET /a\u{0} HTTP/1.1"), "!control_byte"),
        .init("DEL in path", get("GET /a\u{7F} HTTP/1.1"), "!control_byte"),
        .init("bare CR in path", get("GET /a\rb HTTP/1.1"), "!bare_carriage_return"),
        .init("percent without digits", get("GET /%zz HTTP/1.1"), "!malformed_percent_encoding"),
        .init("percent with one digit", get("GET /%4 HTTP/1.1"), "!malformed_percent_encoding"),
        .init("percent at the end", get("GET /% HTTP/1.1"), "!malformed_percent_encoding"),
        .init("absolute form", "GET http://a/b?c HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b?c ."),
        .init("absolute form in capitals", "GET HTTP://A/b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /b ."),
        .init("absolute form without path", "GET http://a HTTP/1.1\r\nHost: a\r\n\r\n", "GET / ."),
        .init("absolute form, query only", "GET http://a?b HTTP/1.1\r\nHost: a\r\n\r\n", "GET /?b ."),
        .init("absolute form, https", "GET https://a:1/b HTTP/1.1\r\nHost: a:1\r\n\r\n", "GET /b ."),
        .init("absolute form, other host", "GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", "!host_mismatch"),
        .init("absolute form, longer host", "GET http://ab/ HTTP/1.1\r\nHost: a\r\n\r\n", "!host_mismatch"),
        .init("absolute form, other port", "GET http://a:80/ HTTP/1.1\r\nHost: a\r\n\r\n", "!host_mismatch"),
        .init("absolute form, user", get("GET http://u@a/ HTTP/1.1"), "!invalid_target_byte"),
        .init("absolute form, no host", get("GET http:/// HTTP/1.1"), "!unsupported_target_form"),
        .init("absolute form, no Host", "GET http://a/ HTTP/1.1\r\n\r\n", "!missing_host"),
        .init("absolute form, ftp", get("GET ftp://a/ HTTP/1.1"), "!unsupported_target_form"),
        .init("authority form", get("CONNECT a:443 HTTP/1.1"), "!unsupported_target_form"),
        .init("CONNECT with a path", get("CONNECT / HTTP/1.1"), "!unsupported_target_form"),
        .init("authority form with GET", get("GET a:443 HTTP/1.1"), "!unsupported_target_form"),
        .init("relative path", get("GET a/b HTTP/1.1"), "!unsupported_target_form"),
        .init("asterisk with OPTIONS", get("OPTIONS * HTTP/1.1"), "OPTIONS * ."),
        .init("asterisk with GET", get("GET * HTTP/1.1"), "!unsupported_target_form"),
        .init("asterisk and more", get("OPTIONS */a HTTP/1.1"), "!unsupported_target_form"),
        .init("query without path", get("GET ?a HTTP/1.1"), "!unsupported_target_form"),
    ]

    private static let lines: [SmugglingCase] = [
        .init("bare LF everywhere", "GET / HTTP/1.1\nHost: a\n\n", "!bare_line_feed"),
        .init("bare LF behind a header", "GET / HTTP/1.1\r\nHost: a\n\r\n", "!bare_line_feed"),
        .init("bare LF at the end", "GET / HTTP/1.1\r\nHost: a\r\n\n", "!bare_line_feed"),
        .init("bare LF in a value", post("X: a\nContent-Length: 5"), "!bare_line_feed"),
        .init("LF first", "\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", "!bare_line_feed"),
        .init("bare CR in a value", post("X: a\rContent-Length: 5"), "!bare_carriage_return"),
        .init("CR CR LF", "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n", "!bare_carriage_return"),
        .init(
            "CR CR LF behind the request line", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n", "!bare_carriage_return"
        ),
        .init("bare CR begins a line", "GET / HTTP/1.1\r\n\rHost: a\r\n\r\n", "!bare_carriage_return"),
        .init("CR in the version", "GET / HTTP/1.1\rX\r\nHost: a\r\n\r\n", "!bare_carriage_return"),
        .init("folded line", post("X: a", " b"), "!folded_line"),
        .init("folded by a tab", post("X: a", "\tb"), "!folded_line"),
        .init("fold behind the request line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", "!folded_line"),
        .init("fold of a length", post("Content-Length: 1", " 1"), "!folded_line"),
        .init("line of one space", post("X: a", " "), "!folded_line"),
        .init("NUL in a value", post("X: a\u{0}b"), "!control_byte"),
        .init("DEL in a value", post("X: a\u{7F}b"), "!control_byte"),
        .init("escape in a value", post("X: \u{1B}[0m"), "!control_byte"),
        .init("vertical tab in a value", post("X: a\u{B}b"), "!control_byte"),
        .init("high bytes in a value", post("X: caf\u{C3}\u{A9}"), "POST /x ."),
        .init("tab in a value", post("X: a\tb"), "POST /x ."),
        .init("one empty line first", "\r\n" + get("GET / HTTP/1.1"), "GET / ."),
        .init("two empty lines first", "\r\n\r\n" + get("GET / HTTP/1.1"), "!too_many_empty_lines"),
        .init("CR and no LF first", "\rGET / HTTP/1.1\r\n\r\n", "!bare_carriage_return"),
        .init("empty line and CR", "\r\n\rX", "!too_many_empty_lines"),
        .init("nothing but an empty line", "\r\n", ""),
        .init("head is cut", "GET / HTTP/1.1\r\nHost: a\r\n", "…"),
        .init("no headers", "GET / HTTP/1.1\r\n\r\n", "!missing_host"),
    ]

    private static let names: [SmugglingCase] = [
        .init("space before the colon", post("Content-Length : 5"), "!space_before_colon"),
        .init("tab before the colon", post("Transfer-Encoding\t: chunked"), "!space_before_colon"),
        .init("space in a name", post("Content Length: 5"), "!space_before_colon"),
        .init("no colon", post("Content-Length"), "!missing_colon"),
        .init("empty name", post(": 5"), "!invalid_header_name"),
        .init("quote in a name", post("\"X\": 5"), "!invalid_header_name"),
        .init("slash in a name", post("X/Y: 5"), "!invalid_header_name"),
        .init("high byte in a name", post("X\u{E9}: 5"), "!invalid_header_name"),
        .init("NUL in a name", post("X\u{0}: 5"), "!control_byte"),
        .init("NUL begins a name", post("\u{0}Transfer-Encoding: chunked"), "!control_byte"),
        .init("underscore is another name", post("Content_Length: 5"), "POST /x ."),
        .init("every token byte in a name", post("!#$%&'*+-.^_`|~09azAZ: x"), "POST /x ."),
        .init("empty value", post("X:"), "POST /x ."),
        .init("value of blanks", post("X: \t "), "POST /x ."),
        .init("colon in a value", post("X::a:"), "POST /x ."),
        .init("100 headers", post(lines(98), "Y: z"), "POST /x ."),
        .init("101 headers", post(lines(99), "Y: z"), "!too_many_headers"),
        .init("headers of 16 KiB", post("X: " + a(16368)), "POST /x ."),
        .init("headers of 16 KiB + 1", post("X: " + a(16369)), "!header_too_large"),
        .init("endless header", "GET / HTTP/1.1\r\nX: " + a(17000), "!header_too_large"),
    ]

    private static let hosts: [SmugglingCase] = [
        .init("two Hosts", post("Host: a"), "!duplicate_host"),
        .init("two Hosts in another case", post("hOST: b"), "!duplicate_host"),
        host("", "!invalid_host"), host("a b", "!invalid_host"), host("a,b", "!invalid_host"),
        host("a/b", "!invalid_host"), host("u@a", "!invalid_host"), host("a?b", "!invalid_host"),
        host("a#b", "!invalid_host"), host("a%41", "!invalid_host"), host("a\u{E9}", "!invalid_host"),
        host("a:", "!invalid_host"), host(":80", "!invalid_host"), host("a:65536", "!invalid_host"),
        host("a:+1", "!invalid_host"), host("a:1:2", "!invalid_host"), host("a:123456", "!invalid_host"),
        host("[::1", "!invalid_host"), host("[]", "!invalid_host"), host("[::1]x", "!invalid_host"),
        host("[fe80::1%25eth0]", "!invalid_host"), host("http://a", "!invalid_host"),
        host("a:65535", "GET / ."), host("[::1]:8720", "GET / ."), host("127.0.0.1", "GET / ."),
        host("A-b.example_1", "GET / ."),
    ]

    private static func host(_ value: String, _ verdict: String) -> SmugglingCase {
        .init("Host \"\(value)\"", "GET / HTTP/1.1\r\nHost: \(value)\r\n\r\n", verdict)
    }

    private static func lines(_ count: Int) -> String {
        Array(repeating: "X: y", count: count).joined(separator: "\r\n")
    }

    private static func a(_ count: Int) -> String { String(repeating: "a", count: count) }
}

extension SmugglingCase {
    private static let lengths: [SmugglingCase] = [
        .init("length 5", post("Content-Length: 5", then: "hello"), "POST /x =hello ."),
        .init("length 0", post("Content-Length: 0", then: ""), "POST /x ."),
        .init("length in capitals", post("CONTENT-LENGTH: 2", then: "hi"), "POST /x =hi ."),
        .init("length with blanks around", post("Content-Length: \t5 ", then: "hello"), "POST /x =hello ."),
        .init("body is cut", post("Content-Length: 5", then: "hell"), "POST /x =hell …"),
        .init("GET with a body", "GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi", "GET / =hi ."),
        .init(
            "two equal lengths", post("Content-Length: 5", "Content-Length: 5"), "!duplicate_content_length"),
        .init("two lengths", post("Content-Length: 5", "content-length: 6"), "!duplicate_content_length"),
        length(""), length("5, 5"), length("5,6"), length("+5"), length("-5"), length("-0"), length("05"),
        length("00"),
        length("5 5"), length("0x5"), length("5.0"), length("5e1"), length("five"), length("\u{B2}"),
        length("5;a"),
        length("9223372036854775808"), length("18446744073709551621"), length("\"5\""), length("5\u{A0}"),
        .init("length above the limit", post("Content-Length: 16777217"), "!body_too_large"),
        .init("length of 18 digits", post("Content-Length: 999999999999999999"), "!body_too_large"),
    ]

    private static func length(_ value: String) -> SmugglingCase {
        .init(
            "Content-Length \"\(value)\"", post("Content-Length: \(value)", then: "hello"),
            "!invalid_content_length")
    }

    private static let codings: [SmugglingCase] = [
        .init("chunked", chunked("5\r\nhello\r\n0\r\n\r\n"), "POST /x =hello ."),
        .init(
            "chunked and length", post("Transfer-Encoding: chunked", "Content-Length: 5", then: "0\r\n\r\n"),
            "!length_and_transfer_encoding"),
        .init(
            "length and chunked", post("Content-Length: 5", "Transfer-Encoding: chunked", then: "0\r\n\r\n"),
            "!length_and_transfer_encoding"),
        .init(
            "chunked and length 0",
            post("Transfer-Encoding: chunked", "Content-Length: 0", then: "0\r\n\r\n"),
            "!length_and_transfer_encoding"),
        .init(
            "chunked twice", post("Transfer-Encoding: chunked", "Transfer-Encoding: chunked"),
            "!duplicate_transfer_encoding"),
        .init(
            "chunked, then identity", post("Transfer-Encoding: chunked", "Transfer-Encoding: identity"),
            "!duplicate_transfer_encoding"),
        .init(
            "chunked in HTTP/1.0", "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
            "!transfer_encoding_in_old_version"),
        coding(""), coding("Chunked"), coding("CHUNKED"), coding("gzip"), coding("identity"),
        coding("gzip, chunked"),
        coding("chunked, gzip"), coding("chunked, chunked"), coding("chunked,"), coding(", chunked"),
        coding("xchunked"), coding("chunked;q=1"), coding("\"chunked\""), coding("chunked \u{E9}"),
        coding("chunke"),
        .init("vertical tab before chunked", post("Transfer-Encoding: \u{B}chunked"), "!control_byte"),
        .init(
            "unknown coding and length", post("Content-Length: 5", "Transfer-Encoding: x"),
            "!unknown_transfer_encoding"),
    ]

    private static func coding(_ value: String) -> SmugglingCase {
        .init(
            "Transfer-Encoding \"\(value)\"", post("Transfer-Encoding: \(value)"),
            "!unknown_transfer_encoding")
    }

    private static let chunks: [SmugglingCase] = [
        .init("no chunk", chunked("0\r\n\r\n"), "POST /x ."),
        .init("two chunks", chunked("3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"), "POST /x =hello ."),
        .init(
            "hexadecimal size", chunked("A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n"),
            "POST /x =01234567890123456789 ."),
        .init("zeros before the size", chunked("0005\r\nhello\r\n000\r\n\r\n"), "POST /x =hello ."),
        .init("nine digits", chunked("000000005\r\nhello\r\n0\r\n\r\n"), "POST /x !invalid_chunk_size"),
        .init("size above the limit", chunked("FFFFFFFF\r\n"), "POST /x !body_too_large"),
        .init("size that overflows", chunked("FFFFFFFFFFFFFFFFF\r\n"), "POST /x !invalid_chunk_size"),
        .init("empty size", chunked("\r\nhello"), "POST /x !invalid_chunk_size"),
        .init("size with a sign", chunked("+5\r\nhello\r\n0\r\n\r\n"), "POST /x !invalid_chunk_size"),
        .init("negative size", chunked("-1\r\n"), "POST /x !invalid_chunk_size"),
        .init("size with a prefix", chunked("0x5\r\nhello\r\n0\r\n\r\n"), "POST /x !invalid_chunk_size"),
        .init("space behind the size", chunked("5 \r\nhello\r\n0\r\n\r\n"), "POST /x !invalid_chunk_size"),
        .init("space before the size", chunked(" 5\r\nhello\r\n0\r\n\r\n"), "POST /x !invalid_chunk_size"),
        .init("underscore in the size", chunked("1_0\r\n"), "POST /x !invalid_chunk_size"),
        .init("NUL behind the size", chunked("5\u{0}\r\n"), "POST /x !invalid_chunk_size"),
        .init("LF behind the size", chunked("5\nhello\r\n0\r\n\r\n"), "POST /x !bare_line_feed"),
        .init("CR behind the size", chunked("5\rhello\r\n0\r\n\r\n"), "POST /x !bare_carriage_return"),
        .init("LF behind the data", chunked("5\r\nhello\n0\r\n\r\n"), "POST /x =hello !unterminated_chunk"),
        .init("CR behind the data", chunked("5\r\nhello\r0\r\n\r\n"), "POST /x =hello !unterminated_chunk"),
        .init("chunk too long", chunked("5\r\nhello!\r\n0\r\n\r\n"), "POST /x =hello !unterminated_chunk"),
        .init("chunk too short", chunked("6\r\nhello\r\n0\r\n\r\n"), "POST /x =hello\r !unterminated_chunk"),
        .init("cut in the size", chunked("5"), "POST /x …"),
        .init("cut in the data", chunked("5\r\nhel"), "POST /x =hel …"),
        .init("cut before the last line", chunked("5\r\nhello\r\n0\r\n"), "POST /x =hello …"),
        .init("extension", chunked("5;a=b\r\nhello\r\n0;x\r\n\r\n"), "POST /x =hello ."),
        .init("extensions", chunked("5;a;b=c\r\nhello\r\n0\r\n\r\n"), "POST /x =hello ."),
        .init("quoted extension", chunked("5;a=\"b\"\r\n"), "POST /x !invalid_chunk_extension"),
        .init("empty extension", chunked("5;\r\nhello\r\n0\r\n\r\n"), "POST /x !invalid_chunk_extension"),
        .init("empty extension value", chunked("5;a=\r\n"), "POST /x !invalid_chunk_extension"),
        .init("space in an extension", chunked("5; a=b\r\n"), "POST /x !invalid_chunk_extension"),
        .init("LF ends an extension", chunked("5;a\nhello\r\n0\r\n\r\n"), "POST /x !invalid_chunk_extension"),
        .init("CR in an extension", chunked("5;a\rb\r\n"), "POST /x !bare_carriage_return"),
        .init("NUL in an extension", chunked("5;a\u{0}\r\n"), "POST /x !invalid_chunk_extension"),
        .init("long extension", chunked("5;" + a(300)), "POST /x !chunk_extension_too_long"),
        .init(
            "many extensions", chunked(String(repeating: "1;aaaaaaa\r\n.\r\n", count: 40)),
            "POST /x =............................ !chunk_extension_too_long"),
    ]

    private static let trailers: [SmugglingCase] = [
        .init("trailer", chunked("0\r\nX-Sum: 5\r\nY:\r\n\r\n"), "POST /x ."),
        .init("length as trailer", chunked("0\r\nContent-Length: 5\r\n\r\n"), "POST /x !invalid_trailer"),
        .init(
            "coding as trailer", chunked("0\r\ntransfer-encoding: chunked\r\n\r\n"),
            "POST /x !invalid_trailer"),
        .init("host as trailer", chunked("0\r\nHost: b\r\n\r\n"), "POST /x !invalid_trailer"),
        .init("folded trailer", chunked("0\r\nX: a\r\n b\r\n\r\n"), "POST /x !invalid_trailer"),
        .init("trailer without colon", chunked("0\r\nX\r\n\r\n"), "POST /x !invalid_trailer"),
        .init("space before a trailer's colon", chunked("0\r\nX : a\r\n\r\n"), "POST /x !invalid_trailer"),
        .init("trailer without name", chunked("0\r\n: a\r\n\r\n"), "POST /x !invalid_trailer"),
        .init("LF ends a trailer", chunked("0\r\nX: a\n\r\n"), "POST /x !invalid_trailer"),
        .init("LF ends the message", chunked("0\r\n\n"), "POST /x !invalid_trailer"),
        .init("CR ends the message", chunked("0\r\n\rX"), "POST /x !invalid_trailer"),
        .init("NUL in a trailer", chunked("0\r\nX: \u{0}\r\n\r\n"), "POST /x !invalid_trailer"),
        .init(
            "a request for a trailer", chunked("0\r\n" + get("GET / HTTP/1.1")), "POST /x !invalid_trailer"),
        .init("long trailer", chunked("0\r\nX: " + a(2000)), "POST /x !trailer_too_large"),
    ]

    private static let pipelines: [SmugglingCase] = [
        .init("two requests", get("GET /1 HTTP/1.1") + get("GET /2 HTTP/1.1"), "GET /1 . GET /2 ."),
        .init(
            "length, then a request", post("Content-Length: 2", then: "hi") + get("GET /2 HTTP/1.1"),
            "POST /x =hi . GET /2 ."),
        .init(
            "chunked, then a request", chunked("2\r\nhi\r\n0\r\n\r\n") + get("GET /2 HTTP/1.1"),
            "POST /x =hi . GET /2 ."),
        .init(
            "empty line between requests", post("Content-Length: 2", then: "hi\r\n") + get("GET /2 HTTP/1.1"),
            "POST /x =hi . GET /2 ."),
        .init(
            "empty lines between requests", get("GET /1 HTTP/1.1") + "\r\n\r\n" + get("GET /2 HTTP/1.1"),
            "GET /1 . !too_many_empty_lines"),
        .init(
            "each request may have its empty line",
            "\r\n" + get("GET /1 HTTP/1.1") + "\r\n" + get("GET /2 HTTP/1.1"), "GET /1 . GET /2 ."),
        .init(
            "a request in a body stays there", post("Content-Length: 18", then: "GET / HTTP/1.1\r\n\r\n"),
            "POST /x =GET / HTTP/1.1\r\n\r\n ."),
        .init(
            "rubbish behind a request", get("GET /1 HTTP/1.1") + "\u{0}", "GET /1 . !malformed_request_line"),
        .init(
            "body longer than its length", post("Content-Length: 2", then: "hi there"),
            "POST /x =hi . !malformed_request_line"),
        .init(
            "second request is bad", get("GET /1 HTTP/1.1") + "GET / HTTP/1.1\n\n", "GET /1 . !bare_line_feed"
        ),
    ]

    private static let options: [SmugglingCase] = [
        .init("100-continue", post("Expect: 100-continue", "Content-Length: 2", then: "hi"), "POST /x =hi ."),
        .init("another expectation", post("Expect: 200-ok"), "!unknown_expectation"),
        .init("two expectations in one", post("Expect: 100-continue, x"), "!unknown_expectation"),
        .init("empty expectation", post("Expect:"), "!unknown_expectation"),
        .init("Connection", post("Connection: keep-alive, x , close"), "POST /x ."),
        .init(
            "Connection names a length", post("Connection: content-length", "Content-Length: 2", then: "hi"),
            "POST /x =hi ."),
        .init("empty Connection", post("Connection:"), "!invalid_connection"),
        .init("Connection with a lone comma", post("Connection: close,"), "!invalid_connection"),
        .init("Connection without comma", post("Connection: close close"), "!invalid_connection"),
        .init("Connection with a slash", post("Connection: a/b"), "!invalid_connection"),
    ]
}
