import Crypto
import Kernel

/// A mail (RFC 5322) with the same in plain text and in simple HTML. Its bytes and its Message-ID are the
/// same at every attempt.
package struct MailMessage: Sendable {
    private static let subjectLimit = 180
    /// Quoted-printable writes no `=_`, so no part can hold it.
    private static let boundary = "=_keybell_part"

    package let bytes: [UInt8]

    package init(_ content: Content, along route: MailRoute) {
        let paper = MailPaper(content)
        var lines = [
            "Date: \(Self.date(paper.time))", "From: Keybell <\(route.from)>",
            "To: \(route.to.joined(separator: ",\r\n "))",
            "Subject: \(EncodedWords.text(paper.subject.fitting(Self.subjectLimit)))",
            "Message-ID: <\(paper.id)@\(MailAddress.domain(of: route.from))>",
        ]
        if let thread = paper.thread {
            // What is said of one alert stands together.
            lines.append("References: <\(thread)@\(MailAddress.domain(of: route.from))>")
        }
        lines += [
            // RFC 3834: no vacation notices in return.
            "Auto-Submitted: auto-generated", "MIME-Version: 1.0",
            "Content-Type: multipart/alternative; boundary=\"\(Self.boundary)\"", "",
        ]
        lines += Self.part("text/plain", paper.text) + Self.part("text/html", paper.html)
        lines += ["--\(Self.boundary)--", ""]
        bytes = Array(lines.joined(separator: "\r\n").utf8)
    }

    private static func part(_ type: String, _ text: String) -> [String] {
        [
            "--\(boundary)", "Content-Type: \(type); charset=utf-8",
            "Content-Transfer-Encoding: quoted-printable", "", QuotedPrintable.text(text), "",
        ]
    }

    // MARK: Dates

    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `2026-01-05T08:00:00.000Z` as RFC 5322 (3.3) writes it.
    static func date(_ text: String) -> String {
        let time = Timestamp(text) ?? Timestamp(seconds: 0)
        let written = Array(time.description)
        let number = { (range: Range<Int>) in String(written[range]) }
        // 1970 began on a Thursday.
        let day = days[Int((time.seconds / 86_400 % 7 + 7) % 7)]
        let month = months[max((Int(number(5..<7)) ?? 1) - 1, 0)]
        return "\(day), \(number(8..<10)) \(month) \(number(0..<4)) \(number(11..<19)) +0000"
    }
}

/// What stands in a mail.
private struct MailPaper {
    let id: String
    let thread: String?
    let time: String
    let subject: String
    let text: String
    let html: String

    private static let textLimit = 4_000

    init(_ content: Content) {
        switch content {
        case .one(let notice): self.init(notice)
        case .many(let digest): self.init(digest)
        }
    }

    private init(_ notice: Notice) {
        (id, time, subject) = (notice.id, notice.time, notice.headline)
        thread = notice.step == nil ? nil : notice.thing
        let words = notice.text.fitting(Self.textLimit)
        let facts = notice.facts.map { "\($0.name): \($0.value)" }
        let paragraphs = [notice.headline, words].filter { !$0.isEmpty }
        text = (paragraphs + facts + [notice.link.map { "\nOpen the alert: \($0)" }].compactMap(\.self))
            .joined(separator: "\n")
        let link = notice.link.map { "<p>\(Self.anchor($0))</p>" } ?? ""
        let rows = facts.map { "<li>\(Self.escaped($0))</li>" }.joined(separator: "\n")
        html = """
            <h3>\(Self.escaped(notice.headline))</h3>
            <p>\(Self.escaped(words))</p>
            \(rows.isEmpty ? "" : "<ul>\n\(rows)\n</ul>")
            \(link)
            """
    }

    private init(_ digest: Digest) {
        (id, time, subject) = ("\(digest.id).\(digest.count)", digest.time, digest.title)
        thread = nil
        let rest = digest.rest(after: Digest.entryLimit)
        var (lines, rows) = ([digest.title], [String]())
        for entry in digest.written {
            let line = entry.line.fitting(400)
            lines.append("- \(line)" + (entry.link.map { "\n  \($0)" } ?? ""))
            rows.append("<li>\(Self.escaped(line))\(entry.link.map { " \(Self.anchor($0))" } ?? "")</li>")
        }
        text = (lines + [rest].compactMap(\.self)).joined(separator: "\n")
        html = """
            <h3>\(digest.title)</h3>
            <ul>
            \(rows.joined(separator: "\n"))
            </ul>
            <p>\(rest ?? "")</p>
            """
    }

    private static func escaped(_ text: String) -> String { text.fitting(.max, escape: Escapes.html) }

    private static func anchor(_ link: String) -> String {
        "<a href=\"\(escaped(link))\">Open the alert</a>"
    }
}

/// RFC 2047, by base64: at most 75 characters a word, and no character in two of them.
enum EncodedWords {
    /// A line with an encoded word has at most 76 characters, and the first one begins with the field's name:
    /// base64 makes 48 of them, and twelve stand around it.
    private static let wordBytes = 36

    static func text(_ text: String) -> String {
        // What looks like an encoded word would be read as one.
        let isPlain = text.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F } && !text.contains("=?")
        if isPlain, text.utf8.count <= 66 { return text }
        var words: [[UInt8]] = [[]]
        for scalar in text.unicodeScalars {
            let bytes = Array(String(scalar).utf8)
            if words[words.count - 1].count + bytes.count > wordBytes { words.append([]) }
            words[words.count - 1] += bytes
        }
        return words.map { "=?UTF-8?B?\(Base64.encode($0))?=" }.joined(separator: "\r\n ")
    }
}

/// RFC 2045 (6.7): lines of at most 76 characters, all of them ASCII.
enum QuotedPrintable {
    private static let lineLimit = 76

    static func text(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { line($0) }
            .joined(separator: "\r\n")
    }

    private static func line(_ text: Substring) -> String {
        var (lines, current) = ([String](), "")
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            let written = Self.written(byte, isLast: index == bytes.count - 1)
            // One place stays free for the soft break's `=`.
            if current.utf8.count + written.utf8.count > lineLimit - 1 {
                lines.append(current + "=")
                current = ""
            }
            current += written
        }
        return (lines + [current]).joined(separator: "\r\n")
    }

    /// White space at the end of a line may get lost on the way.
    private static func written(_ byte: UInt8, isLast: Bool) -> String {
        let isSpace = byte == 0x20 && !isLast
        if isSpace || byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "=") {
            return String(Unicode.Scalar(byte))
        }
        let digits = Hex.encode([byte]).uppercased()
        return "=\(digits)"
    }
}
