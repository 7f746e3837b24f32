import Events
import JSON
import Testing

@testable import Alerts

/// What people read of events of every type that a rule can match, from the examples of openapi.yaml.
struct AlertSentenceTests {
    private static let types = EventType.all.filter(\.isOpenToRules).map(\.name)
    /// A policy tells whose it is by id alone.
    private static let tellIDs: Set<String> = ["policy.changed", "policy.tampered"]

    private func example(_ type: String) throws -> JSONObject {
        let content = try Contract.shared().document["webhooks"]?[type]?["post"]?["requestBody"]?["content"]
        return try #require(content?["application/json"]?["example"]?["data"]?.asObject)
    }

    @Test(arguments: types) func `each has a sentence, of words that are there`(_ name: String) throws {
        let type = try #require(EventType(name))
        let words = Words(event: try example(name), who: "bot mm-btc", thing: "key mm")
        let told = try #require(AlertSummary.told(type, words), "write one in AlertSummary")
        #expect(!told.contains("–"), "a field is missing: \(told)")
        #expect(!told.contains(name) && told.count <= 200, "\(told)")
        #expect(Self.tellIDs.contains(name) || !told.contains(/[a-z]+_01[0-9a-z]{24}/), "an id: \(told)")
        #expect(AlertSummary.told(type, Words(event: words.event)) != nil)
    }
}
