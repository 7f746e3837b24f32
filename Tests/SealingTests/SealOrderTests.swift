import Access
import Crypto
import JSON
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Sealing

@Suite struct SealOrderTests {
    @Test func `sealing wipes this node at once and every other at its next look`() async throws {
        try await SealDesk.run { desk, root in
            let other = try await desk.another(root: root)
            let before = try await epoch(desk)
            let answer = try await desk.call("POST", "/v1/system/seal", #"{"reason":"a drill"}"#)
            #expect(answer.status == 200)
            #expect(answer.json["sealed"] == true)
            #expect(answer.json["ordered_at"] != .null)
            #expect(!desk.isOpen)
            #expect(other.isOpen)
            try await other.watch.look()
            #expect(!other.isOpen)
            #expect(try await epoch(desk) > before)
            #expect(try await desk.events() == ["system.sealed"])
            #expect(try await desk.actions() == ["system.seal"])
        }
    }

    @Test func `nothing of the keys is left in anybody's hands`() async throws {
        try await SealDesk.run { desk, _ in
            weak let opened = try desk.custodian.seal.opened()
            #expect(opened != nil)
            _ = try await desk.call("POST", "/v1/system/seal", #"{"reason":"a drill"}"#)
            #expect(opened == nil)
        }
    }

    @Test func `unsealing one node takes the order back, and those with a key of their own follow`()
        async throws
    {
        let folder = try TestFolder()
        defer { folder.remove() }
        try await SealDesk.run { desk, root in
            try root.store(atFile: folder.file("root.key"))
            let onFile = try await desk.another(root: root, source: .file(folder.file("root.key")))
            let onEnvironment = try await desk.another(root: root, source: .environment(root.text))
            _ = try await desk.call("POST", "/v1/system/seal", #"{"reason":"a drill"}"#)
            for node in [onFile, onEnvironment] {
                try await node.watch.look()
                try await node.watch.look()
                #expect(!node.isOpen)
            }
            _ = try await desk.call("POST", "/v1/system/unseal", #"{"root_key":"\#(root.text)"}"#)
            #expect(desk.isOpen)
            for node in [onFile, onEnvironment] {
                try await node.watch.look()
                #expect(node.isOpen)
            }
            try await desk.watch.look()
            #expect(desk.isOpen)
            #expect(try await desk.call("GET", "/v1/system/seal").json["ordered_at"] == .null)
        }
    }

    @Test func `a node on shares needs its own`() async throws {
        try await SealDesk.run { desk, root in
            let onShares = try await desk.another(root: root)
            _ = try await desk.call("POST", "/v1/system/seal", #"{"reason":"a drill"}"#)
            try await onShares.watch.look()
            _ = try await desk.call("POST", "/v1/system/unseal", #"{"root_key":"\#(root.text)"}"#)
            for _ in 0..<60 { try await onShares.watch.look() }
            #expect(!onShares.isOpen)
        }
    }

    private func epoch(_ desk: SealDesk) async throws -> Int64 {
        try await desk.database.query(Authority.readEpoch).first?.int64(0) ?? 0
    }
}
