import JSON
import Testing

@testable import Channels

/// Names are chosen by whoever made the key, the rule or the bot, and may be chosen to hurt.
@Suite struct HostileTextTests {
    static let route = MailRoute(
        host: "m", port: 587, isImplicitTLS: false, user: nil, password: nil, from: "k@d.example",
        to: ["a@d.example"])

    private func hostile(_ text: String) throws -> Notice { try Notices.alert(rule: text, sentence: text) }

    @Test func `Slack reads no mention, link or line of ours in a name`() throws {
        let notice = try hostile("<!channel> <https://evil.example|Open> *b*\n>x & <@U1>")
        let request = try #require(Destination.slack(url: "").request(.one(notice)))
        let json = try #require(request.json)
        // The fallback is markup, everything else plain text but for our own link.
        #expect(json["text"]?.asString?.contains("<") == false)
        let kinds = try #require(json["blocks"]?.asArray).compactMap { $0["text"]?["type"]?.asString }
        #expect(kinds == ["plain_text", "plain_text"])
        let markup = request.text.split(separator: #""mrkdwn","text":"#)
        #expect(markup.count == 2 && markup[1].hasPrefix("\"<\(Notices.link)|Open the alert>\""))
    }

    @Test func `Discord reads no mention, markup or link in a name`() throws {
        let notice = try hostile("@everyone <@&1> **b** [a](https://evil.example) `c` ||d|| # e")
        let json = try #require(Destination.discord(url: "").request(.one(notice))?.json)
        let content = try #require(json["content"]?.asString)
        let harmless = #"CRITICAL\: \@everyone \<\@&1\> \*\*b\*\* \[a\]\(https\:\/\/evil\.example\) "#
        #expect(content == harmless + ##"\`c\` \|\|d\|\| \# e"##)
        #expect(json["allowed_mentions"]?["parse"]?.asArray == [])
    }

    @Test func `Telegram reads no tag, mention or link in a name`() throws {
        let notice = try hostile("</code><a href=\"https://evil.example\">@admin</a> & /start")
        let chat = Telegram(base: "", token: "", chat: "@room", thread: nil)
        let json = try #require(Destination.telegram(chat).request(.one(notice))?.json)
        let text = try #require(json["text"]?.asString)
        #expect(json["chat_id"]?.asString == "@room")
        let link = "&lt;a href=&quot;https://evil.example&quot;&gt;"
        #expect(text.contains("<code>&lt;/code&gt;\(link)@admin&lt;/a&gt; &amp; /start</code>"))
        #expect(text.split(separator: "<a ").count == 2, "our own link is the only one")
    }

    @Test func `a mail's header takes no line from a name`() throws {
        let notice = try hostile("x\r\nBcc: all@evil.example\r\n\r\n<script>=?UTF-8?Q?y?=")
        let mail = String(
            decoding: MailMessage(.one(notice), along: Self.route).bytes, as: UTF8.self)
        #expect(!mail.contains("\r\nBcc:"))
        let head = mail.split(separator: "\r\n\r\n")[0]
        #expect(head.contains("\r\nSubject: =?UTF-8?B?"))
        #expect(head.split(separator: "\r\n").allSatisfy { $0.utf8.count <= 76 })
        #expect(!mail.contains("<script>=3D?") || mail.contains("&lt;script&gt;"))
        #expect(mail.split(separator: "text/html")[1].contains("<script") == false)
    }

    @Test func `writing that turns its direction and control characters are left out`() throws {
        let notice = try hostile("a\u{202E}b\u{2066}c\u{0}d\u{7}e\u{2028}f")
        #expect(try hostile("\u{202E}\u{200B} ").title == "alert.firing")
        #expect(
            try Notices.event("custom.x", ["a": " \u{202E}", " ": "b", "c": "d"]).facts.map(\.name) == ["c"])
        #expect(notice.title == "abcde f")
        #expect(notice.text == "abcde f")
    }

    @Test func `a link that is no plain web address is left out`() throws {
        for url in ["javascript:alert(1)", "https://x/|a>", "https://x/ y", "https://x/\")"] {
            let body: JSONValue = [
                "type": "alert.firing", "timestamp": "2026-01-05T08:00:00.000Z",
                "data": ["alert_id": "alert_1", "url": .string(url)],
            ]
            let notice = try #require(Notice(id: "m", body: body.bytes))
            #expect(notice.link == nil)
        }
        // And what does not come from an alert has none.
        #expect(try Notices.event("custom.x", ["url": "https://evil.example"]).link == nil)
    }

    @Test func `only plain addresses are addresses`() {
        for good in ["a@b", "first.last+tag@mail.example", "x@xn--zrich-kva.example"] {
            #expect(MailAddress.isValid(good))
        }
        for bad in [
            "", "a", "a@", "@b", "a@b@c", "a b@c", "a@b\r\nBcc: c@d", "<a@b>", "a@b,c@d", "a..b@c", ".a@b",
            "a@-b", "-a@b", "ä@b", "a@b.", "\"a\"@b", String(repeating: "a", count: 65) + "@b",
        ] {
            #expect(!MailAddress.isValid(bad), "\(bad)")
        }
    }
}
