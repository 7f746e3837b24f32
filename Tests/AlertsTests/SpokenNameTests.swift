import Access
import Events
import JSON
import Kernel
import Postgres
import TestSupport
import Testing
import Webhooks

@testable import Alerts

/// Who did what about an alert, by name for whoever may know people.
struct SpokenNameTests {
    private static let insertOwner = Statement(
        "test_named_owner",
        """
        insert into principal (id, kind, name, name_folded, email, email_folded, status, created_at,
            updated_at)
        values ($1, 'user', 'Ada', 'ada', 'a@desk.example', 'a@desk.example', 'active', now(), now())
        """)

    @Test func `messages have the names beside the ids, and only for whoever may know people`() async throws {
        try await withDesk { _, desk in
            let ada = AlertDesk.owner.description
            _ = try await desk.database.query(Self.insertOwner, .uuid(AlertDesk.owner.uuid))
            _ = try await desk.enabledRule(
                #"{"name": "each", "severity": "warning", "on": ["custom.*"]}"#)
            try await desk.push([("a", 1)])
            let id = try #require(try await desk.alerts().first?["id"]?.asString)
            let assign = #"{"assignee_id": "\#(ada)"}"#
            _ = try await desk.call("POST", "alerts/\(id)/assign", assign)
            _ = try await desk.call("POST", "alerts/\(id)/acknowledge", #"{"expires_in": "1h"}"#)
            _ = try await desk.call("POST", "alerts/\(id)/comments", #"{"text": "hm"}"#)
            desk.now = desk.now + .hours(1)
            try await desk.dues()
            _ = try await desk.call("POST", "alerts/\(id)/resolve")
            let said = desk.told.dropFirst()
            let types = ["assigned", "acknowledged", "commented", "reopened", "resolved"]
            #expect(said.map(\.type) == types.map { "alert.\($0)" })
            for message in said {
                #expect(message.data["names"]?[ada] == "Ada", "\(message.type)")
                #expect(message.less?.without == [.usersRead] && message.less?.data["names"] == nil)
            }
            #expect(desk.told.first?.data["names"] == nil)
            for type in types {
                #expect(try await desk.events("alert.\(type)").allSatisfy { $0["names"] == nil })
            }
        }
    }

    private static let insertKey = Statement(
        "test_named_key",
        """
        insert into exchange_key (id, exchange, account, label, label_key, environment, owner, tags,
            permissions, ip_allow_list, status, own_mode, status_changed_at, created_at, created_by,
            updated_at)
        values ($1, 'binance', 'main', 'mm', 'mm', 'live', $2, '{}', '{}', '{}', 'active', 'active', now(),
            now(), $2, now())
        """)

    @Test func `a request tells which key it is about by the label`() async throws {
        try await withDesk { _, desk in
            let (ada, key) = (AlertDesk.owner.description, ExchangeKeyID(UUID(high: 1, low: 5)))
            _ = try await desk.database.query(Self.insertKey, .id(key), .text(ada))
            _ = try await desk.enabledRule(
                #"{"name": "r", "severity": "info", "on": ["approval.requested"]}"#)
            try await desk.emit(
                .approvalRequested,
                [
                    "requester_id": .string(ada), "action": "revealKey", "key_id": .string(key.description),
                    "reason": "moving",
                ])
            let told = try await desk.alerts().first?["summary"]?.asString
            #expect(told == "r: user \(ada) asks for approval to reveal key (key mm): moving")
        }
    }

    @Test func `whose password was changed is told by name, and who revealed a key by id`() async throws {
        try await withDesk { _, desk in
            let ada = AlertDesk.owner
            _ = try await desk.database.query(Self.insertOwner, .uuid(ada.uuid))
            _ = try await desk.enabledRule(
                #"{"name": "r", "severity": "info", "on": ["password.changed", "key.revealed"]}"#)
            try await desk.emit(.passwordChanged, ["user_id": .string(ada.description), "via": "change"])
            #expect(desk.told.last?.data["summary"] == "r: the password of user Ada was changed (change)")
            try await desk.emit(.keyRevealed, ["label": "mm", "exchange": "binance", "account": "main"])
            #expect(
                desk.told.last?.data["summary"]?.asString
                    == "r: the secret of key mm (binance main) was shown to user \(ada)")
        }
    }
}
