import JSON

/// A webhook of Discord. The content is what a phone announces, the embed holds the rest; nobody is ever
/// mentioned.
enum DiscordBody {
    /// docs.discord.com/developers/resources/message: content 2,000, embed title 256, description 4,096, 25
    /// fields of 256 and 1,024, 6,000 in all embeds together.
    static let contentLimit = 2_000
    static let descriptionLimit = 3_500
    static let fieldLimits = (name: 64, value: 150)
    static let lineLimit = 140

    static func request(_ content: Content) -> ChannelRequest {
        var w = JSONWriter(capacity: 1_024)
        w.object { w in
            switch content {
            case .one(let notice):
                w.field("content", notice.headline.fitting(contentLimit, escape: Escapes.discord))
                w.array("embeds") { w in w.object { w in embed(notice, to: &w) } }
            case .many(let digest):
                w.field("content", digest.title)
                w.array("embeds") { w in w.object { w in embed(digest, to: &w) } }
            }
            w.object("allowed_mentions") { w in w.array("parse") { _ in } }
        }
        return ChannelRequest(body: w.bytes)
    }

    private static func embed(_ notice: Notice, to w: inout JSONWriter) {
        if let link = notice.link {
            w.field("title", "Open the alert")
            w.field("url", link)
        }
        w.field("description", notice.text.fitting(descriptionLimit, escape: Escapes.discord))
        w.field("color", color(notice.step == .resolved ? nil : notice.severity))
        w.field("timestamp", notice.time)
        w.array("fields", notice.facts) { w, fact in
            w.object { w in
                w.field("name", fact.name.fitting(fieldLimits.name, escape: Escapes.discord))
                w.field("value", fact.value.fitting(fieldLimits.value, escape: Escapes.discord))
                w.field("inline", true)
            }
        }
    }

    private static func embed(_ digest: Digest, to w: inout JSONWriter) {
        var lines: [String] = []
        var (length, entries) = (0, 0)
        for entry in digest.written {
            let line = line(entry)
            length += line.utf16.count + 1
            if length > descriptionLimit { break }
            lines.append(line)
            entries += 1
        }
        if let rest = digest.rest(after: entries) { lines.append(rest) }
        w.field("description", lines.joined(separator: "\n"))
        w.field("color", color(digest.entries.first?.severity))
        w.field("timestamp", digest.time)
    }

    private static func line(_ entry: Digest.Entry) -> String {
        let text = "• " + entry.line.fitting(lineLimit, escape: Escapes.discord)
        // Angle brackets: no preview of the page.
        return entry.link.map { "\(text) [open](<\($0)>)" } ?? text
    }

    private static func color(_ severity: Notice.Severity?) -> Int {
        switch severity {
        case .critical: 0xC0392B
        case .warning: 0xE67E22
        case .info: 0x2980B9
        case nil: 0x7F8C8D
        }
    }
}
