import Crypto
import Kernel
import Postgres
import TestSupport
import Testing

@testable import Keys

@Suite(.serialized) struct KeyTagTests {
    private static let addGeneration = Statement(
        "test_generation_2", derived: "insert into key_encryption_key (generation, wrapped) values (2, '')")

    @Test func `keys from before the tags are tagged once, and are as good as new`() async throws {
        try await KeyDesk.run { desk in
            for label in ["a", "b", "c"] { _ = try await desk.register(label) }
            try await desk.run("update exchange_key set mac = null")
            let keyring = desk.safe.keyring
            _ = try await desk.database.transaction { try await KeyTags.tagAll(in: $0, by: keyring) }
            let body = #"{"selector": {"all": true}, "mode": "suspended", "reason": "x", "expect_count": 3}"#
            #expect(try await desk.call("POST", "/v1/keys/mode", body).status == 200)
        }
    }

    @Test func `a new generation tags every key anew, and a tampered one stays tampered`() async throws {
        try await KeyDesk.run { desk in
            var paths: [String] = []
            for label in ["a", "b", "c"] { paths.append(try await desk.register(label)) }
            try await desk.run("update exchange_key set status = 'suspended' where label = 'b'")
            _ = try await desk.database.transaction { try await $0.query(Self.addGeneration) }
            try desk.safe.addGeneration()
            let keyring = desk.safe.keyring
            for expected in [2, 1, 0] {
                let count = try await desk.database.transaction { transaction in
                    try await KeyTags.retag(in: transaction, by: keyring, limit: 2)
                }
                #expect(count == expected)
            }
            let answers = try await [paths[0], paths[1], paths[2]].asyncMap {
                try await desk.call("POST", $0 + "/suspend", #"{"reason": "x"}"#).status
            }
            #expect(answers == [200, 409, 200])
        }
    }
}

extension Array {
    fileprivate nonisolated(nonsending) func asyncMap<Result>(
        _ body: nonisolated(nonsending) (Element) async throws -> Result
    ) async rethrows -> [Result] {
        var results: [Result] = []
        for element in self { results.append(try await body(element)) }
        return results
    }
}
