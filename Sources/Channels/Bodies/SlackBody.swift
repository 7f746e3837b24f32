import JSON

/// An incoming webhook of Slack. Text from outside stands in `plain_text` objects, in which Slack reads
/// neither markup nor mentions; the one `mrkdwn` object holds our own link.
enum SlackBody {
    /// docs.slack.dev/reference/block-kit/blocks: header 150, section 3,000, ten fields of 2,000, 50 blocks.
    static let headerLimit = 150
    static let sectionLimit = 3_000
    static let fieldLimit = 200
    static let blockLimit = 50
    /// A digest's line: with twenty of them well under what Slack takes in all (about 13,000).
    static let lineLimit = 300

    static func request(_ content: Content) -> ChannelRequest {
        var w = JSONWriter(capacity: 1_024)
        w.object { w in
            switch content {
            case .one(let notice): write(notice, to: &w)
            case .many(let digest): write(digest, to: &w)
            }
            w.field("unfurl_links", false)
            w.field("unfurl_media", false)
        }
        return ChannelRequest(body: w.bytes)
    }

    private static func write(_ notice: Notice, to w: inout JSONWriter) {
        let fallback = notice.text.isEmpty ? notice.headline : "\(notice.headline): \(notice.text)"
        w.field("text", fallback.fitting(sectionLimit, escape: Escapes.slack))
        w.array("blocks") { w in
            header(notice.headline, to: &w)
            if !notice.text.isEmpty { section(notice.text, sectionLimit, to: &w) }
            if !notice.facts.isEmpty { fields(notice.facts, to: &w) }
            if let link = notice.link { context("<\(link)|Open the alert>", to: &w) }
        }
    }

    private static func write(_ digest: Digest, to w: inout JSONWriter) {
        w.field("text", digest.title)
        w.array("blocks") { w in
            header(digest.title, to: &w)
            for entry in digest.written {
                section(entry.line, lineLimit, to: &w)
                if let link = entry.link { context("<\(link)|Open the alert>", to: &w) }
            }
            if let rest = digest.rest(after: Digest.entryLimit) { section(rest, lineLimit, to: &w) }
        }
    }

    private static func header(_ text: String, to w: inout JSONWriter) {
        w.object { w in
            w.field("type", "header")
            w.object("text") { w in plain(text.fitting(headerLimit), to: &w) }
        }
    }

    private static func section(_ text: String, _ limit: Int, to w: inout JSONWriter) {
        w.object { w in
            w.field("type", "section")
            w.object("text") { w in plain(text.fitting(limit), to: &w) }
        }
    }

    private static func fields(_ facts: [Notice.Fact], to w: inout JSONWriter) {
        w.object { w in
            w.field("type", "section")
            w.array("fields", facts) { w, fact in
                w.object { w in plain("\(fact.name): \(fact.value)".fitting(fieldLimit), to: &w) }
            }
        }
    }

    private static func plain(_ text: String, to w: inout JSONWriter) {
        w.field("type", "plain_text")
        w.field("text", text)
        w.field("emoji", false)
    }

    private static func context(_ markup: String, to w: inout JSONWriter) {
        w.object { w in
            w.field("type", "context")
            w.array("elements") { w in
                w.object { w in
                    w.field("type", "mrkdwn")
                    w.field("text", markup)
                    w.field("verbatim", true)
                }
            }
        }
    }
}
