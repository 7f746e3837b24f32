import JSON

/// An Adaptive Card for a Workflows webhook of Microsoft Teams. Text from outside stands in text runs, in
/// which a card reads no Markdown.
enum TeamsBody {
    /// learn.microsoft.com/connectors/teams: about 28 KB a message. Ours stay under half of it, whatever the
    /// script: a UTF-16 unit is at most three bytes.
    static let textLimit = 2_000
    static let factLimits = (name: 64, value: 150)
    static let lineLimit = 240
    private static let headlineLimit = 300

    static func request(_ content: Content) -> ChannelRequest {
        var w = JSONWriter(capacity: 2_048)
        w.object { w in
            w.field("type", "message")
            w.array("attachments") { w in
                w.object { w in
                    w.field("contentType", "application/vnd.microsoft.card.adaptive")
                    w.null("contentUrl")
                    w.object("content") { w in card(content, to: &w) }
                }
            }
        }
        return ChannelRequest(body: w.bytes)
    }

    private static func card(_ content: Content, to w: inout JSONWriter) {
        w.field("$schema", "http://adaptivecards.io/schemas/adaptive-card.json")
        w.field("type", "AdaptiveCard")
        w.field("version", "1.4")
        switch content {
        case .one(let notice):
            w.array("body") { w in body(notice, to: &w) }
            if let link = notice.link { actions(link, to: &w) }
        case .many(let digest): w.array("body") { w in body(digest, to: &w) }
        }
    }

    private static func body(_ notice: Notice, to w: inout JSONWriter) {
        let color = notice.step == .resolved ? "good" : color(notice.severity)
        block(to: &w) { w in
            run(notice.headline.fitting(headlineLimit), isBold: true, color: color, to: &w)
        }
        if !notice.text.isEmpty {
            block(to: &w) { w in run(notice.text.fitting(textLimit), to: &w) }
        }
        for fact in notice.facts {
            block(to: &w) { w in
                run("\(fact.name.fitting(factLimits.name)): ", isBold: true, to: &w)
                run(fact.value.fitting(factLimits.value), to: &w)
            }
        }
    }

    private static func body(_ digest: Digest, to w: inout JSONWriter) {
        let color = color(digest.entries.first?.severity)
        block(to: &w) { w in run(digest.title, isBold: true, color: color, to: &w) }
        for entry in digest.written {
            block(to: &w) { w in
                run(entry.line.fitting(lineLimit), to: &w)
                if let link = entry.link { run("  open", opening: link, to: &w) }
            }
        }
        if let rest = digest.rest(after: Digest.entryLimit) { block(to: &w) { w in run(rest, to: &w) } }
    }

    private static func block(to w: inout JSONWriter, _ runs: (inout JSONWriter) -> Void) {
        w.object { w in
            w.field("type", "RichTextBlock")
            w.array("inlines", runs)
        }
    }

    private static func run(
        _ text: String, isBold: Bool = false, color: String? = nil, opening link: String? = nil,
        to w: inout JSONWriter
    ) {
        w.object { w in
            w.field("type", "TextRun")
            w.field("text", text)
            if isBold { w.field("weight", "bolder") }
            if let color { w.field("color", color) }
            if let link { w.object("selectAction") { w in open(link, to: &w) } }
        }
    }

    private static func actions(_ link: String, to w: inout JSONWriter) {
        w.array("actions") { w in w.object { w in open(link, to: &w) } }
    }

    private static func open(_ link: String, to w: inout JSONWriter) {
        w.field("type", "Action.OpenUrl")
        w.field("title", "Open the alert")
        w.field("url", link)
    }

    private static func color(_ severity: Notice.Severity?) -> String {
        switch severity {
        case .critical: "attention"
        case .warning: "warning"
        case .info, nil: "default"
        }
    }
}
