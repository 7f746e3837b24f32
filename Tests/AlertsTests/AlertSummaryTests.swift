import Events
import JSON
import TestSupport
import Testing

@testable import Alerts

struct AlertSummaryTests {
    /// As events are read: from JSON.
    private func told(_ previous: String, _ grade: String) throws -> String {
        let event = try JSONValue.parse(
            #"{"symbol": "SOL", "interval": "1d", "previous": \#(previous), "grade": \#(grade)}"#)
        return AlertSummary.sentence(.gradeChanged, try #require(event.asObject))
    }

    @Test(arguments: [
        ("69", "69"), ("69.5", "69.5"), ("69.25", "69.25"), ("0.125", "0.125"), ("69.125001", "69.13"),
        ("70.1000001", "70.10"), ("69.99999", "70.00"), ("7.0400001", "7.04"), ("0.0012345", "0.00"),
        ("-12.34567", "-12.35"), ("-0.0012345", "0.00"), ("7.1e-05", "0.00"), ("123456.789", "123456.79"),
        ("1234567890.123", "1234567890.123"), ("null", "–"),
    ])
    func `a grade is told with two decimals, unless it is short`(_ number: String, _ word: String) throws {
        #expect(try told(number, "80") == "SOL 1d went from \(word) to 80")
        #expect(try told("80", number) == "SOL 1d went from 80 to \(word)")
    }

    private static func use(_ operation: String, _ more: String = "") -> String {
        #"{"label": "mm-btc spot", "operation": "\#(operation)", "address": "10.1.0.9"\#(more)}"#
    }

    private static let order =
        #", "symbol": "BTCUSDT", "side": "buy", "quantity": "0.5", "price": "100", "client_order_id": "k1""#

    @Test(arguments: [
        (
            "key.use.denied", use("withdraw"),
            "bot mm-btc tried to withdraw with key mm-btc spot from 10.1.0.9"
        ),
        (
            "key.use.denied", use("trade", order + #", "reason": "hidden""#),
            "bot mm-btc tried to trade (buy 0.5 BTCUSDT at 100) with key mm-btc spot from 10.1.0.9"
        ),
        ("key.used", use("cancel"), "bot mm-btc cancelled with key mm-btc spot from 10.1.0.9"),
        (
            "key.used", #"{"label": "a", "operation": "admin", "address": null}"#,
            "bot mm-btc administered the account with key a"
        ),
        (
            "key.used", use("trade", order + #", "symbols": ["BTCUSDT", "PEPEUSDT"]"#),
            "bot mm-btc traded (buy 0.5 BTCUSDT at 100; also PEPEUSDT) with key mm-btc spot from 10.1.0.9"
        ),
        (
            "key.use.unknown", use("trade", order),
            """
            nobody knows what became of a request to trade (buy 0.5 BTCUSDT at 100) with key mm-btc spot \
            from 10.1.0.9, client order id k1
            """
        ),
        (
            "policy.changed", #"{"owner": "desk", "version": 3, "changes": 2, "note": "calmer"}"#,
            "version 3 of the desk's policy was published (changes: 2): calmer"
        ),
        (
            "policy.changed", #"{"owner": "acc_1", "version": 1, "changes": 7, "note": null}"#,
            "version 1 of the policy of acc_1 was published (changes: 7)"
        ),
        (
            "login.failed",
            #"{"user_id": "usr_1", "reason": "wrong_password", "address": "10.1.0.9", "count": 1}"#,
            "a log-in of bot mm-btc failed from 10.1.0.9: wrong password"
        ),
    ]) func `uses of keys and changes of policies are told`(
        _ type: String, _ event: String, _ sentence: String
    ) throws {
        let told = AlertSummary.sentence(
            try #require(EventType(type)), try #require(try JSONValue.parse(event).asObject),
            by: "bot mm-btc")
        #expect(told == sentence)
    }

    @Test(arguments: [
        (
            "login.succeeded", #"{"user_id": "usr_1", "address": "10.1.0.9"}"#,
            "user usr_1 logged in from 10.1.0.9"
        ),
        (
            "login.failed",
            #"{"user_id": null, "reason": "unknown_user", "address": "10.1.0.9", "count": 7}"#,
            "7 log-ins of nobody who is known failed from 10.1.0.9: unknown user"
        ),
        (
            "login.locked", #"{"user_id": "usr_1", "address": "10.1.0.9", "until": "soon"}"#,
            "log-ins of user usr_1 from 10.1.0.9 are locked until soon"
        ),
        (
            "access_token.refused",
            #"{"name": "mm", "reason": "address", "address": "10.1.0.9", "count": 1}"#,
            "access token mm was refused from 10.1.0.9: address"
        ),
        (
            "access_token.refused",
            #"{"name": null, "reason": "unknown", "address": "10.1.0.9", "count": 3}"#,
            "an access token was refused 3 times from 10.1.0.9: unknown"
        ),
        (
            "access_token.decoy.touched", #"{"name": "old deploy", "address": "10.1.0.9"}"#,
            "bait was touched: access token old deploy from 10.1.0.9"
        ),
        (
            "level.approached", #"{"symbol": "SOL", "interval": "1d", "level": 120.5, "close": 119.25}"#,
            "SOL 1d came near level 120.5, close 119.25"
        ),
        (
            "level.broken",
            #"{"symbol": "SOL", "interval": "1d", "level": 120, "close": 121.5, "direction": "up"}"#,
            "SOL 1d broke level 120 (up), close 121.5"
        ),
    ]) func `log-ins, access tokens and levels are told as a person would`(
        _ type: String, _ event: String, _ sentence: String
    ) throws {
        let view = try #require(try JSONValue.parse(event).asObject)
        #expect(AlertSummary.sentence(try #require(EventType(type)), view) == sentence)
    }

    @Test(arguments: [
        (
            "key.drifted",
            #"{"label": "mm", "exchange": "okx", "account": "a", "drift": ["permission:withdraw", "uid"]}"#,
            "the exchange says otherwise of key mm (okx a): it may withdraw, it is of another account"
        ),
        (
            "key.revealed",
            #"{"label": "mm", "exchange": "binance", "account": "main", "reason": "moving"}"#,
            "the secret of key mm (binance main) was shown to user Ada: moving"
        ),
        (
            "key.refused",
            #"{"label": "mm", "exchange": "binance", "account": "main", "detail": "Unknown key."}"#,
            "the exchange does not take key mm (binance main): Unknown key."
        ),
        (
            "approval.requested", #"{"action": "revealKey", "reason": "moving"}"#,
            "user Ada asks for approval to reveal key (key mm): moving"
        ),
        (
            "approval.approved",
            #"{"action": "createSecuritySilence", "reason_given": "fine", "complete": false}"#,
            "user Ada approved the request to create security silence (key mm), and others must too: fine"
        ),
        ("password.changed", #"{"via": "reset_link"}"#, "the password of user Ada was changed (reset link)"),
        (
            "group.changed", #"{"name": "desk", "change": "member_added"}"#,
            "group desk: user Ada was added"
        ),
        ("system.sealed", #"{"reason": "a thief"}"#, "Keybell was sealed by user Ada: a thief"),
    ]) func `who did what to what is told by names`(_ type: String, _ event: String, _ told: String) throws {
        let view = try #require(try JSONValue.parse(event).asObject)
        let sentence = AlertSummary.sentence(
            try #require(EventType(type)), view, by: "user Ada", on: "key mm")
        #expect(sentence == told)
    }

    @Test(arguments: [
        (
            "custom.balance", #"{"summary": "Balance is 12.5 USDT, needs 100", "balance": 12.5}"#,
            "Balance is 12.5 USDT, needs 100"
        ),
        ("custom.balance", #"{"summary": "", "message": "low\n\u202eagain"}"#, "low again"),
        ("custom.balance", #"{"summary": 42, "subject": "main"}"#, "custom.balance main"),
        (
            "custom.exchange.withdrawal", #"{"exchange": "kraken", "account": "main"}"#,
            "a withdrawal was made or asked for at the exchange (main at kraken)"
        ),
    ]) func `an own event tells what whoever pushed it says of it`(
        _ type: String, _ event: String, _ told: String
    ) throws {
        let view = try #require(try JSONValue.parse(event).asObject)
        #expect(AlertSummary.sentence(try #require(EventType(type)), view) == told)
    }

    @Test func `a window that adds up how many events stand for names what it counts`() throws {
        let rules = try RulePackTests.packs().flatMap(\.rules)
        let rule = try #require(rules.first { $0.name == "failed-log-ins" })
        let lead = try rule.draft(JSONObject(), at: .testStart).content.lead
        #expect(lead == "5 failed log-ins within 10m, the last: ")
    }
}
