import Crypto
import EventLoop
import Glibc
import JSON

/// One sitting at which shares are brought to nodes.
struct UnsealSession {
    private let worker: Worker
    private let nodes: [RemoteNode]
    /// Those that are still sealed.
    private var waiting: [RemoteNode] = []

    init(_ nodes: [RemoteNode], on worker: Worker) {
        (self.nodes, self.worker) = (nodes, worker)
    }

    /// The exit code: 0 when every node is unsealed.
    mutating func run() async throws -> Int32 {
        for node in nodes {
            let answer = try await node.status(on: worker)
            Command.say("\(node.name): \(Self.sentence(answer))")
            if answer["sealed"]?.asBool == true { waiting.append(node) }
        }
        if waiting.isEmpty { return 0 }
        if let entry = try HiddenEntry.begin(on: 0) { return try await ask(entry) }
        for line in try Self.lines() where !waiting.isEmpty { try await bring(line) }
        return verdict
    }

    private mutating func ask(_ entry: borrowing HiddenEntry) async throws -> Int32 {
        var number = 1
        while !waiting.isEmpty {
            let line = try entry.line("Share \(number) or root key (not shown): ") { Self.line($0) }
            guard let line else { break }
            try await bring(line)
            number += 1
        }
        return verdict
    }

    private var verdict: Int32 {
        if waiting.isEmpty { return 0 }
        Command.complain("keybell: still sealed: \(waiting.map(\.name).joined(separator: ", "))")
        return 1
    }

    /// To every node that is sealed. What is mistyped goes to none.
    private mutating func bring(_ text: String) async throws {
        let isRootKey = text.hasPrefix(RootKey.textPrefix)
        do {
            if isRootKey { _ = try RootKey(text: text) } else { _ = try KeyShare(text: text) }
        } catch {
            return Command.complain("keybell: \(error)")
        }
        var left: [RemoteNode] = []
        for node in waiting {
            let answer = try await node.bring([isRootKey ? "root_key" : "share": .string(text)], on: worker)
            Command.say("\(node.name): \(Self.sentence(answer))")
            if answer["sealed"]?.asBool != false { left.append(node) }
        }
        waiting = left
    }

    private static func sentence(_ answer: JSONValue) -> String {
        if let code = answer["code"]?.asString {
            let messages = answer["errors"]?.asArray?.compactMap { $0["message"]?.asString } ?? []
            return messages.isEmpty
                ? answer["detail"]?.asString ?? code : messages.joined(separator: "; ")
        }
        if answer["sealed"]?.asBool == false { return "unsealed" }
        let received = answer["received"]?.asInt ?? 0
        let needed = answer["threshold"]?.asInt.map { " of \($0)" } ?? ""
        return "sealed, \(received)\(needed) shares"
    }

    private static func line(_ bytes: UnsafeRawBufferPointer) -> String {
        String(decoding: bytes.filter { $0 > 0x20 }, as: UTF8.self)
    }

    private static func lines() throws -> [String] {
        try ShareFiles.lines(Input(0), line)
    }
}
