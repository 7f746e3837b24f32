import Glibc
import TestSupport
import Testing

extension IntegrationTests {
    /// What a start without the right root key says and leaves.
    @Suite struct WrongRootKeyTests {
        /// Starts a node that should refuse to run, and gives what it said.
        private func refusal(_ store: RunningNode.Store, rootKey path: String) async -> String {
            let error = await #expect(throws: Impatience.self) {
                try await RunningNode.with(store, ["KEYBELL_ROOT_KEY_FILE": path]) { _ in }
            }
            return error?.description ?? ""
        }

        @Test func `without the root key of its database a node refuses to start, and makes none`()
            async throws
        {
            let elsewhere = try TestFolder()
            defer { elsewhere.remove() }
            let store = try await RunningNode.Store.scratch()
            try await RunningNode.with(store) { first in
                try await first.bootstrap()
                let path = elsewhere.file("keys/root.key")
                let words = await refusal(store, rootKey: path)
                #expect(words.contains("there is no root key file \(path)"))
                #expect(words.contains("Put that key back"))
                #expect(!words.contains("Made the root key"))
                #expect(access(elsewhere.file("keys"), F_OK) != 0)
                #expect(await first.isReady)
            }
        }

        @Test func `with another installation's root key a node refuses to start, and says what to do`()
            async throws
        {
            let elsewhere = try TestFolder()
            defer { elsewhere.remove() }
            let path = elsewhere.file("root.key")
            try await RunningNode.with(.scratch(), ["KEYBELL_ROOT_KEY_FILE": path]) { _ in }
            let store = try await RunningNode.Store.scratch()
            try await RunningNode.with(store) { first in
                try await first.bootstrap()
                #expect(await refusal(store, rootKey: path).contains("Put the right one back"))
                #expect(await first.isReady)
            }
        }
    }
}
