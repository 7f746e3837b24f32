import Events
import JSON
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
    ]) func `uses of keys and changes of policies are told`(
        _ type: String, _ event: String, _ sentence: String
    ) throws {
        let told = AlertSummary.sentence(
            try #require(EventType(type)), try #require(try JSONValue.parse(event).asObject),
            by: "bot mm-btc")
        #expect(told == sentence)
    }
}
