import JSON
import Testing

@testable import Channels

/// The makers' limits, at texts as long as a message holds and in the scripts that cost the most.
@Suite struct LimitTests {
    static let texts = [
        String(repeating: "<&>\"", count: 800), String(repeating: "*_[]", count: 800),
        String(repeating: "漢", count: 3_200), String(repeating: "👩‍👩‍👧‍👦", count: 300),
        String(repeating: "a", count: 5_000),
    ]

    /// One message and a digest of each.
    static let contents = (try? made()) ?? []

    private static func made() throws -> [Content] {
        try texts.flatMap { text in
            let long = try Notices.alert(rule: text, sentence: text)
            let short = String(text.prefix(500))
            let many = try (0..<25).map { index in
                try Notices.alert(rule: "\(index)\(short)", sentence: short, id: "alert_\(index)")
            }
            return try [.one(long), #require(Content(many))]
        }
    }

    @Test func `there is something to measure`() { #expect(Self.contents.count == 10) }

    @Test func `Slack's sections, fields and blocks stay within 3,000, 2,000 and 50`() throws {
        for content in Self.contents {
            let json = try #require(SlackBody.request(content).json)
            let blocks = try #require(json["blocks"]?.asArray)
            #expect(blocks.count <= 50)
            #expect(try #require(json["text"]?.asString).utf16.count <= 3_000)
            for block in blocks {
                let text = block["text"]?["text"]?.asString ?? ""
                #expect(text.utf16.count <= (block["type"]?.asString == "header" ? 150 : 3_000))
                let fields = block["fields"]?.asArray ?? []
                #expect(fields.count <= 10)
                #expect(fields.allSatisfy { ($0["text"]?.asString ?? "").utf16.count <= 2_000 })
            }
        }
    }

    @Test func `Discord's content and embeds stay within 2,000 and 6,000`() throws {
        for content in Self.contents {
            let json = try #require(DiscordBody.request(content).json)
            #expect(try #require(json["content"]?.asString).utf16.count <= 2_000)
            let embed = try #require(json["embeds"]?[0])
            let fields = embed["fields"]?.asArray ?? []
            let parts =
                [embed["title"], embed["description"]] + fields.flatMap { [$0["name"], $0["value"]] }
            let lengths = parts.map { $0?.asString?.utf16.count ?? 0 }
            #expect(lengths.reduce(0, +) <= 6_000)
            #expect(lengths[0] <= 256 && lengths[1] <= 4_096)
        }
    }

    @Test func `Telegram's text stays within 4,096 with its tags closed`() throws {
        let chat = Telegram(base: "", token: "", chat: "1", thread: nil)
        for content in Self.contents {
            let text = try #require(
                TelegramBody.request(content, to: chat).json?["text"]?.asString)
            #expect(text.utf16.count <= 4_096)
            #expect(text.ranges(of: "<code>").count == text.ranges(of: "</code>").count)
            #expect(text.ranges(of: "<a href").count == text.ranges(of: "</a>").count)
        }
    }

    @Test func `Teams' card stays within 28 KB`() throws {
        for content in Self.contents {
            #expect(TeamsBody.request(content).body.count <= 28_000)
        }
    }

    @Test func `PagerDuty's summary and key stay within 1,024 and 255`() throws {
        for text in Self.texts {
            let notice = try Notices.alert(rule: text, sentence: text, id: text)
            let json = try #require(PagerDutyBody.request(notice, routingKey: "r").json)
            #expect(try #require(json["payload"]?["summary"]?.asString).utf16.count <= 1_024)
            #expect(try #require(json["dedup_key"]?.asString).utf16.count <= 255)
        }
    }

    @Test func `a mail's lines stay within 76 and are ASCII`() throws {
        for content in Self.contents {
            let mail = MailMessage(content, along: HostileTextTests.route)
            let lines = mail.bytes.split(separator: 10)
            #expect(lines.allSatisfy { $0.last == 13 && $0.count <= 77 })
            #expect(mail.bytes.allSatisfy { $0 < 128 })
        }
    }

    @Test func `a cut text says so and cuts neither an emoji nor an escape`() {
        let family = "👩‍👩‍👧‍👦"
        #expect("abc".fitting(3) == "abc")
        #expect("abcdefghijkl".fitting(11) == "abcd… (cut)")
        #expect("abc\(family)defghijkl".fitting(20) == "abc… (cut)")
        #expect("aaa&bbbbbbbbbbb".fitting(13, escape: Escapes.html) == "aaa… (cut)")
        #expect("日本語日本語日本語".fitting(20, .bytes) == "日本語… (cut)")
    }

    @Test func `a digest counts, groups, and lists the gravest first`() throws {
        var notices = try (0..<30).map { try Notices.alert(rule: "r\($0)", severity: "info", id: "a\($0)") }
        notices += [
            try Notices.alert(rule: "grave", id: "b1"), try Notices.alert(rule: "grave", id: "b2"),
        ]
        let digest = try #require(Digest(notices))
        #expect(digest.title == "32 messages in one, critical ones among them")
        #expect(digest.entries[0].line.hasPrefix("2 × CRITICAL: grave: "))
        #expect(digest.entries[0].link == "https://keybell.example/v1/alerts/b2")
        #expect(
            digest.rest(after: Digest.entryLimit)
                == "and 11 more, which Keybell lists under alerts and events")
        let total = digest.written.reduce(0) { $0 + $1.count } + 11
        #expect(total == digest.count)
    }
}
