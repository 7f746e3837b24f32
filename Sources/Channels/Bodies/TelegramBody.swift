import JSON

/// `sendMessage` of Telegram's bot interface. Telegram makes mentions, commands and links of what looks like
/// one, except inside `<code>`: text from outside stands there.
enum TelegramBody {
    /// core.telegram.org/bots/api#sendmessage: 4,096 after entities are read. Ours counts the marks too.
    static let limit = 4_096
    private static let headlineLimit = 300
    private static let textLimit = 2_000
    private static let factLimits = (name: 40, value: 100)
    private static let lineLimit = 120

    static func request(_ content: Content, to chat: Telegram) -> ChannelRequest {
        var w = JSONWriter(capacity: 1_024)
        w.object { w in
            if let number = Int64(chat.chat) {
                w.field("chat_id", number)
            } else {
                w.field("chat_id", chat.chat)
            }
            if let thread = chat.thread { w.field("message_thread_id", thread) }
            w.field("text", text(content))
            w.field("parse_mode", "HTML")
            w.object("link_preview_options") { w in w.field("is_disabled", true) }
        }
        return ChannelRequest(body: w.bytes)
    }

    private static func text(_ content: Content) -> String {
        switch content {
        case .one(let notice): text(notice)
        case .many(let digest): text(digest)
        }
    }

    private static func text(_ notice: Notice) -> String {
        let label = notice.step == nil ? "Keybell" : notice.label.isEmpty ? "ALERT" : notice.label
        var lines = ["<b>\(label)</b> \(code(notice.title, headlineLimit))"]
        if !notice.text.isEmpty { lines.append(code(notice.text, textLimit)) }
        for fact in notice.facts {
            lines.append("\(code(fact.name, factLimits.name)): \(code(fact.value, factLimits.value))")
        }
        if let link = notice.link { lines.append(anchor(link, "Open the alert")) }
        return lines.joined(separator: "\n")
    }

    private static func text(_ digest: Digest) -> String {
        var lines = ["<b>\(digest.title)</b>"]
        var (length, entries) = (lines[0].utf16.count, 0)
        for entry in digest.written {
            let link = entry.link.map { " " + anchor($0, "open") } ?? ""
            let line = "• \(code(entry.line, lineLimit))\(link)"
            length += line.utf16.count + 1
            // What is said of the rest needs room as well.
            if length > limit - 200 { break }
            lines.append(line)
            entries += 1
        }
        if let rest = digest.rest(after: entries) { lines.append(rest) }
        return lines.joined(separator: "\n")
    }

    private static func code(_ text: String, _ limit: Int) -> String {
        "<code>\(text.fitting(limit, escape: Escapes.telegram))</code>"
    }

    private static func anchor(_ link: String, _ text: String) -> String {
        "<a href=\"\(link.fitting(2_000, escape: Escapes.telegram))\">\(text)</a>"
    }
}
