import JSON
import TestSupport
import Testing

/// What a desk does with its node, in the words of these tests.
extension RunningNode {
    /// Two nodes of one installation, of which both know the first owner.
    static func withTwo(
        _ settings: [String: String] = [:], _ body: (RunningNode, RunningNode) async throws -> Void
    ) async throws {
        let store = try await Store.scratch()
        try await with(store, settings) { first in
            try await first.bootstrap()
            let root = ["KEYBELL_ROOT_KEY_FILE": first.folder.file("root.key")]
            try await with(store, settings.merging(root) { $1 }) { second in
                try second.adopt(first.ownerToken)
                try await body(first, second)
            }
        }
    }

    /// A webhook that takes these types of events.
    @discardableResult
    func makeWebhook(to receiver: Receiver, _ types: String...) async throws -> JSONValue {
        try await must(
            "POST", "/v1/webhooks",
            ["url": .string(receiver.url), "name": "desk", "event_types": .array(types.map { .string($0) })])
    }

    /// An enabled rule on one type of event.
    func makeRule(_ name: String, on type: String, sendTo webhook: JSONValue) async throws {
        let rule = try await must(
            "POST", "/v1/alert-rules",
            [
                "name": .string(name), "severity": "critical", "on": [.string(type)],
                "send_to": [webhook["id"] ?? .null],
            ])
        try await must("POST", "/v1/alert-rules/\(rule.id)/enable", [:])
    }

    /// Shares of its root key, by the command line.
    func splitRootKey(_ threshold: Int, _ count: Int) async throws -> [String] {
        let (code, output) = try await runToEnd(
            [
                try Self.binary(), "shares", "split", "--threshold", "\(threshold)", "--shares", "\(count)",
                "--root-key-file", folder.file("root.key"), "--output", folder.file("shares"),
            ], in: folder)
        guard code == 0 else { throw Impatience("split: \(output)") }
        let words = output.split { $0.isWhitespace }
        let set = try #require(words.drop { $0 != "Set" }.dropFirst().first).dropLast()
        return try (1...count).map { index in
            let name = "shares/keybell-share-\(set)-\(index)-of-\(count)"
            return String(try #require(folder.read(name)).prefix { $0 != "\n" })
        }
    }

    func makeKey(_ label: String, in environment: String = "live") async throws -> JSONValue {
        try await must(
            "POST", "/v1/keys",
            [
                "exchange": "binance", "account": "main", "label": .string(label),
                "environment": .string(environment), "permissions": ["read"],
            ])
    }

    /// An own event that carries a number.
    func push(_ number: Int) async throws -> LoopbackMessage {
        try await call(
            "POST", "/v1/events",
            ["type": "custom.count", "data": ["n": .number(JSONNumber(Int64(number)))]])
    }

    /// Pushes them one after another; each is acknowledged when this returns.
    func pushAll(_ numbers: Range<Int>) async throws {
        for number in numbers {
            let answer = try await push(number)
            guard answer.status == 201 else { throw Impatience("event \(number): \(answer.everything)") }
        }
    }

    /// Events of a type that came before this is asked, oldest first; up to a thousand are more than these
    /// tests make. Readers see an event once no older transaction is open, and jobs have theirs at any time:
    /// so one that is pushed behind all of them is waited for.
    func told(_ type: String) async throws -> [JSONValue] {
        // A worker may not have its database back yet.
        let mark = try await eventually("an event is taken") { () -> String? in
            let answer = try await call("POST", "/v1/events", ["type": "custom.mark"])
            guard answer.status != 503 else { return nil }
            guard answer.status == 201 else { throw Impatience("no mark: \(answer.everything)") }
            return answer.json.id
        }
        func list(_ type: String) async throws -> [JSONValue]? {
            let answer = try await call("GET", "/v1/events?limit=1000&type=\(type)")
            guard answer.status != 503 else { return nil }
            guard answer.status == 200 else { throw Impatience("no list: \(answer.everything)") }
            return answer.json["data"]?.asArray
        }
        try await wait(until: "the feed has come so far") {
            try await list("custom.mark")?.contains { $0.id == mark } == true
        }
        return try await eventually("the list") { try await list(type) }
    }

    /// One page of own events; up to a thousand are more than these tests make.
    func feed(after cursor: String? = nil) async throws -> (numbers: [Int], cursor: String) {
        let after = cursor.map { "&after=\($0)" } ?? ""
        let page = try await must("GET", "/v1/events?limit=1000&type=custom.count\(after)")
        guard let next = page["next_cursor"]?.asString else { throw Impatience("no cursor: \(page)") }
        return (page["data"]?.asArray?.compactMap { $0["data"]?.number } ?? [], next)
    }

    /// Reads on from `cursor` until `count` events came, and gives them in the order they were read.
    func follow(after cursor: String? = nil, until count: Int) async throws -> [Int] {
        var (numbers, cursor) = try await feed(after: cursor)
        try await wait(until: "\(count) events in the feed, \(numbers.count) so far") {
            if numbers.count >= count { return true }
            let page = try await feed(after: cursor)
            (numbers, cursor) = (numbers + page.numbers, page.cursor)
            return numbers.count >= count
        }
        return numbers
    }
}

extension JSONValue {
    var id: String { self["id"]?.asString ?? "" }
    /// `n`, which `RunningNode.push` puts into an event.
    var number: Int? { self["n"]?.asInt.map { Int($0) } }
}

extension Receiver.Attempt {
    /// `n` of the own event that the message is about.
    var number: Int? { data.number ?? data["data"]?.number ?? data["event"]?.number }
}

extension Receiver {
    /// Numbers of accepted messages, each once.
    var numbers: Set<Int> { Set(accepted.compactMap(\.number)) }

    /// Which messages each number came in, accepted or not.
    var idsOfNumbers: [Int: Set<String>] {
        (accepted + others).reduce(into: [:]) { found, attempt in
            if let number = attempt.number { found[number, default: []].insert(attempt.id) }
        }
    }
}
