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

        @Test func `without the root key of its database a node starts sealed, and makes none`()
            async throws
        {
            let elsewhere = try TestFolder()
            defer { elsewhere.remove() }
            let store = try await RunningNode.Store.scratch()
            try await RunningNode.with(store) { first in
                try await first.bootstrap()
                let path = elsewhere.file("keys/root.key")
                try await RunningNode.with(store, ["KEYBELL_ROOT_KEY_FILE": path], sealed: true) { second in
                    #expect(second.log.contains("no file \(path)"))
                    #expect(second.log.contains("keybell unseal"))
                    #expect(!second.log.contains("Made the root key"))
                    #expect(access(elsewhere.file("keys"), F_OK) != 0)
                    #expect(try await second.call("GET", "/v1/keys", token: nil).status == 503)
                    // Put where it belongs, it is taken without anybody's doing.
                    let key = first.folder.read("root.key") ?? ""
                    try elsewhere.write(key, to: "root.key")
                    chmod(elsewhere.file("root.key"), 0o600)
                    mkdir(elsewhere.file("keys"), 0o700)
                    #expect(rename(elsewhere.file("root.key"), path) == 0)
                    try await wait(until: "the second node is unsealed") { await second.isReady }
                }
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
