import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Webhooks

/// Nobody mutes a webhook without the others hearing of it.
struct NarrowingTests {
    @Test func `less is taken when a type, or all that was not said of alerts, stays away`() {
        let cases: [(before: [String], after: [String], isLess: Bool)] = [
            (["alert.*"], ["alert.*", "key.*"], false), (["alert.*"], ["alert.resolved"], true),
            (["key.*"], ["key.revoked"], true), (["key.revoked"], ["key.*"], false),
            (["custom.orders.*"], ["custom.*"], false), (["custom.*"], ["custom.orders.*"], true),
            // Named by a rule, it was told of all alerts.
            (["key.*"], ["key.*", "alert.commented"], true), (["key.*"], ["key.*", "alert.*"], false),
            (["alert.firing", "key.*"], ["key.*"], true),
        ]
        for one in cases {
            #expect(WebhookNarrowing.narrows(one.before, one.after) == one.isLess, "\(one)")
        }
    }

    @Test func `whoever narrows, moves, disables or deletes a webhook is heard of by the others`()
        async throws
    {
        try await ScratchDatabase.make().withDatabase { _, database in
            let desk = try WebhookDesk(database)
            let (ear, _) = try await desk.room.makeWebhook("ear", takes: ["alert.resolved"])
            let (blind, _) = try await desk.room.makeWebhook("blind", mayRead: [.alertsRead])
            let (id, _) = try await desk.room.makeWebhook("ops", owner: WebhookDesk.owner)
            // Ids sort by the clock.
            func patch(_ body: String) async throws {
                desk.room.clock.move(.milliseconds(1))
                let answer = try await desk.change(
                    "\(id)", body, try await desk.call("GET", "webhooks/\(id)"))
                #expect(answer.status == 200, "\(answer.text)")
            }
            try await patch(#"{"name":"other","max_per_second":5,"event_types":["alert.*","key.*"]}"#)
            #expect(try await desk.room.deliveries().isEmpty)
            try await patch(#"{"event_types":["alert.resolved"],"payload":"thin"}"#)
            try await patch(#"{"matchers":[{"name":"team","value":"nobody"}]}"#)
            try await patch(#"{"matchers":[],"payload":"full"}"#)
            try await patch(#"{"url":"https://elsewhere.example/x"}"#)
            desk.room.clock.move(.milliseconds(1))
            _ = try await desk.call("POST", "webhooks/\(id)/disable")
            desk.room.clock.move(.milliseconds(1))
            desk.uses = WebhookUses(shown: [#"rule "a""#], others: 2)
            let named = try await desk.call("DELETE", "webhooks/\(id)")
            #expect(named.status == 409 && named.text.contains("2 that you may not read"), "\(named.text)")
            desk.uses = WebhookUses()
            #expect(try await desk.call("DELETE", "webhooks/\(id)").status == 204)
            let told = Statement(
                "test_told",
                """
                select e.type, e.data->'changed', e.data->>'previous_host', d.webhook from feed_event e
                join delivery d on d.event = e.id order by e.id
                """)
            let rows = try await database.query(told)
            #expect(rows.map { $0.text(0) }.suffix(2) == ["endpoint.disabled", "endpoint.deleted"])
            #expect(
                rows.dropLast(2).map { $0.optionalJSON(1).map { String(decoding: $0, as: UTF8.self) } } == [
                    #"["event_types", "payload"]"#, #"["matchers"]"#, #"["url"]"#,
                ])
            #expect(rows.allSatisfy { $0.id(3) == ear }, "neither of itself, nor to whom may not read it")
            #expect(rows.dropLast(2).allSatisfy { $0.optionalText(2) == "hooks.example" })
            _ = blind
        }
    }
}
