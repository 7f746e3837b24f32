import JSON
import Testing

@testable import Channels

/// What somebody or time did about an alert: who, to whom, until when, and what they said.
struct DeedTests {
    private static let ada = "usr_01ke6my6g1e23vtc7yy680gxcf"
    private static let bot = "bot_01ke6my6g1edfb2d505thhc8sh"
    private static let names: JSONValue = [
        "usr_01ke6my6g1e23vtc7yy680gxcf": "Ada", "bot_01ke6my6g1edfb2d505thhc8sh": "mm-btc",
    ]

    private static func notice(
        _ type: String, _ fields: KeyValuePairs<String, JSONValue>, knows: Bool = true
    ) throws -> Notice {
        var data = try Notices.alert(type, state: type == "alert.resolved" ? "resolved" : "firing").data
        for (name, value) in fields { _ = data.append(name, value) }
        if knows { _ = data.append("names", names) }
        let body: JSONValue = [
            "type": .string(type), "timestamp": "2026-01-05T08:00:00.000Z", "data": .object(data),
        ]
        return try #require(Notice(id: "msg_1", body: body.bytes))
    }

    private static let summary = "bot-7 tried to withdraw with key main"

    @Test func `an escalation says that nobody acknowledged, and which step it is`() throws {
        let notice = try Self.notice("alert.escalated", ["route_id": "rte_1", "step": 2, "webhook_ids": []])
        #expect(notice.headline == "CRITICAL: Nobody acknowledged: Withdrawal attempt")
        #expect(notice.text == "Step 2 of its escalation. \(Self.summary)")
    }

    @Test(arguments: [
        ("severity", "It is graver than when user Ada acknowledged it."),
        ("count", "It fired twice as often as when user Ada acknowledged it."),
        ("acknowledgement_ended", "The time of user Ada to look after it is over."),
    ]) func `an alert that is opened again says why`(_ reason: String, _ why: String) throws {
        let notice = try Self.notice(
            "alert.reopened", ["reason": .string(reason), "acknowledged_by": .string(Self.ada)])
        #expect(notice.headline == "CRITICAL: Again: Withdrawal attempt")
        #expect(notice.text == "\(why) \(Self.summary)")
    }

    @Test func `what comes and goes says how often, and what is left so says that`() throws {
        let flapping = try Self.notice("alert.flapping", ["times": 4, "within": "1h"])
        #expect(flapping.headline == "CRITICAL: Comes and goes: Withdrawal attempt")
        #expect(flapping.text == "It fired 4 times within 1h. \(Self.summary)")
        let settled = try Self.notice("alert.settled", ["quiet_for": "30m"])
        #expect(settled.headline == "CRITICAL: Still so: Withdrawal attempt")
    }

    @Test func `an acknowledgement says who, until when, and their note`() throws {
        let fields: KeyValuePairs<String, JSONValue> = [
            "acknowledged_by": .string(Self.ada), "until": "2026-01-05T12:00:00.000Z",
            "note": "looking at it",
        ]
        let notice = try Self.notice("alert.acknowledged", fields)
        #expect(notice.headline == "Acknowledged: Withdrawal attempt")
        #expect(notice.text == "by user Ada until 2026-01-05 12:00 UTC: looking at it. \(Self.summary)")
        let stranger = try Self.notice("alert.acknowledged", fields, knows: false)
        #expect(stranger.text.hasPrefix("by user \(Self.ada) until "))
        let forGood = try Self.notice(
            "alert.acknowledged", ["acknowledged_by": .string(Self.bot), "until": .null, "note": .null])
        #expect(forGood.text == "by bot mm-btc. \(Self.summary)")
    }

    @Test func `an assignment says to whom and by whom`() throws {
        let notice = try Self.notice(
            "alert.assigned",
            ["assigned_to": .string(Self.bot), "assigned_by": .string(Self.ada), "note": "yours!"])
        #expect(notice.headline == "Assigned: Withdrawal attempt")
        #expect(notice.text == "to bot mm-btc by user Ada: yours! \(Self.summary)")
        let nobody = try Self.notice(
            "alert.assigned", ["assigned_to": .null, "assigned_by": .string(Self.ada), "note": .null])
        #expect(nobody.text == "to nobody by user Ada. \(Self.summary)")
    }

    @Test func `a resolution says by whom, or why it is over by itself`() throws {
        let byHand = try Self.notice(
            "alert.resolved", ["resolved_by": .string(Self.ada), "note": "key\nrevoked"])
        #expect(byHand.headline == "Resolved: Withdrawal attempt")
        #expect(byHand.text == "by user Ada: key revoked. \(Self.summary)")
        let byItself = try Self.notice(
            "alert.resolved", ["resolved_by": .null, "note": "it is so no more"])
        #expect(byItself.text == "it is so no more. \(Self.summary)")
    }

    @Test func `a comment says who said it, and nothing twice`() throws {
        let notice = try Self.notice(
            "alert.commented",
            ["comment_id": "cmt_1", "author_id": .string(Self.ada), "text": "the exchange is down"])
        #expect(notice.headline == "Comment: Withdrawal attempt")
        #expect(notice.text == "user Ada: the exchange is down")
    }

    @Test func `whoever gets ids alone reads no half of a sentence`() throws {
        for type in [
            "acknowledged", "assigned", "commented", "resolved", "reopened", "escalated", "flapping",
        ] {
            #expect(try Notices.alert("alert.\(type)").text == Self.summary, "\(type)")
        }
    }

    private static let route = MailRoute(
        host: "mail.example", port: 465, isImplicitTLS: true, user: nil, password: nil,
        from: "keybell@desk.example", to: ["a@desk.example"])

    @Test func `every channel says it`() throws {
        let telegram = Destination.telegram(Telegram(base: "", token: "1:a", chat: "-1", thread: nil))
        let chats: [Destination] = [.slack(url: ""), .teams(url: ""), telegram, .json(url: "")]
        let escalated = try Self.notice("alert.escalated", ["step": 1])
        let acknowledged = try Self.notice("alert.acknowledged", ["acknowledged_by": .string(Self.ada)])
        for chat in chats {
            let news = try #require(chat.request(.one(escalated))).text
            #expect(news.contains("Nobody acknowledged") && news.contains("Step 1"), "\(news)")
            let deed = try #require(chat.request(.one(acknowledged))).text
            #expect(deed.contains("by user Ada"), "\(deed)")
        }
        let discord = try #require(Destination.discord(url: "").request(.one(escalated))).text
        #expect(discord.contains("Nobody acknowledged") && discord.contains("Step 1"), "\(discord)")
        let page = Destination.pagerDuty(url: "", routingKey: "r0").request(.one(escalated))?.json
        #expect(
            page?["payload"]?["summary"]?.asString
                == "Nobody acknowledged: Withdrawal attempt: Step 1 of its escalation. \(Self.summary)")
        let mail = String(
            decoding: MailMessage(.one(acknowledged), along: Self.route).bytes, as: UTF8.self)
        #expect(mail.contains("by user Ada"), "\(mail)")
    }

    @Test func `a long note stays within what the makers take`() throws {
        let long = String(repeating: "漢", count: 1_000)
        let notice = try Self.notice(
            "alert.resolved", ["resolved_by": .string(Self.ada), "note": .string(long)])
        let chat = Telegram(base: "", token: "", chat: "1", thread: nil)
        let telegram = TelegramBody.request(.one(notice), to: chat).json?["text"]?.asString
        #expect(try #require(telegram).utf16.count <= 4_096)
        let blocks = try #require(SlackBody.request(.one(notice)).json?["blocks"]?.asArray)
        #expect(blocks.allSatisfy { ($0["text"]?["text"]?.asString ?? "").utf16.count <= 3_000 })
        #expect(TeamsBody.request(.one(notice)).body.count <= 28_000)
        let embed = try #require(DiscordBody.request(.one(notice)).json?["embeds"]?[0])
        #expect((embed["description"]?.asString ?? "").utf16.count <= 4_096)
    }

    @Test(arguments: [
        (
            "rule.failed", #"{"event_type": "grade.changed", "error": "null has no order"}"#,
            "Monitoring is blind", "rule Grade rises cannot judge grade.changed: null has no order"
        ),
        (
            "rule.no_data", #"{"reason": "no event came for 1h"}"#, "Monitoring is blind",
            "rule Grade rises: no event came for 1h"
        ),
        (
            "rule.suspended", #"{"reason": "its owner is disabled"}"#, "Monitoring is blind",
            "rule Grade rises: its owner is disabled"
        ),
        (
            "rule.overflowed", #"{"groups": 3, "values": 0}"#, "Monitoring is blind in part",
            "rule Grade rises has more groups or values than are kept"
        ),
    ]) func `a rule that is blind says so, and never as one of its alerts`(
        _ type: String, _ fields: String, _ title: String, _ text: String
    ) throws {
        var data: JSONObject = JSONObject()
        for (name, value) in [("event_id", "evt_1"), ("rule_id", "rule_1"), ("name", "Grade rises")] {
            _ = data.append(name, .string(value))
        }
        for member in try #require(JSONValue.parse(Array(fields.utf8)).asObject).members {
            _ = data.append(member.name, member.value)
        }
        let notice = try Notices.event(type, .object(data))
        #expect(notice.headline == title && notice.text == text && notice.step == nil)
    }
}
