import JSON
import Testing

/// The fields that are tried are all of those that there are.
struct TextFieldTests {
    private func pointers(_ operation: String) throws -> [String] {
        let contract = try Contract.shared()
        let body = try #require(contract.operations.first { $0.id == operation }?.body["requestBody"])
        let content = body["content"]?["application/json"]
        return TextField.all(of: content?["schema"] ?? [:], content?["example"] ?? [:], in: contract)
            .map(\.pointer)
    }

    @Test func `fields are found in schemas, in what they refer to, and in examples`() throws {
        #expect(try pointers("createUser") == ["/email", "/name", "/role"])
        #expect(try pointers("rotateWebhookSecret") == ["/overlap"])
        let rule = try pointers("createAlertRule")
        for pointer in ["/labels/any", "/when", "/on/0", "/tests/1/event/type", "/tests/0/name"] {
            #expect(rule.contains(pointer), "\(pointer)")
        }
        #expect(try pointers("createKey").contains("/rotation/remind_before/1"))
    }

    @Test func `a text is set in its place, and what leads there is made`() {
        let body: JSONValue = ["a": "b", "list": ["x", "y"]]
        #expect(TextField(path: ["a"]).set("c", in: body) == ["a": "c", "list": ["x", "y"]])
        #expect(TextField(path: ["list", "1"]).set("c", in: body) == ["a": "b", "list": ["x", "c"]])
        #expect(TextField(path: ["p", "0", "q"]).set("c", in: [:]) == ["p": [["q": "c"]]])
    }
}
