import JSON
import Testing

@testable import Channels

/// What came and went says how it was left.
struct SettledTests {
    private static let chats: [Destination] = [
        .slack(url: ""), .discord(url: ""), .teams(url: ""),
        .telegram(Telegram(base: "", token: "1:a", chat: "-1", thread: nil)),
    ]

    private func settled(_ state: String) throws -> Notice {
        try Notices.alert("alert.settled", state: state)
    }

    @Test func `PagerDuty closes what was left well, and keeps open what fires`() throws {
        let destination = Destination.pagerDuty(url: "", routingKey: "r0")
        let well = try #require(destination.request(.one(try settled("resolved"))))
        #expect(well.text == #"{"routing_key":"r0","event_action":"resolve","dedup_key":"keybell/alert_1"}"#)
        let open = try #require(destination.request(.one(try settled("firing"))))
        #expect(open.json?["event_action"] == "trigger" && open.json?["dedup_key"] == "keybell/alert_1")
    }

    @Test(arguments: chats) func `a chat reads whether it is well`(_ chat: Destination) throws {
        let well = try #require(chat.request(.one(try settled("resolved")))).text
        #expect(well.contains("Resolved") && !well.contains("CRITICAL"), "\(well)")
        let open = try #require(chat.request(.one(try settled("firing")))).text
        #expect(open.contains("CRITICAL") && !open.contains("Resolved"), "\(open)")
    }

    @Test func `a mail and a program read it, too`() throws {
        let route = MailRoute(
            host: "mail.example", port: 465, isImplicitTLS: true, user: nil, password: nil,
            from: "keybell@desk.example", to: ["a@desk.example"])
        let mail = MailMessage(.one(try settled("resolved")), along: route).bytes
        #expect(String(decoding: mail, as: UTF8.self).contains("Subject: Resolved: Withdrawal attempt"))
        for destination in [Destination.json(url: ""), .cloudEvents(url: "", .structured, source: "/k")] {
            let body = try #require(destination.request(.one(try settled("resolved")))).json
            #expect(body?["data"]?["state"] == "resolved", "\(destination)")
        }
    }
}
