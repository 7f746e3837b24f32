import Glibc
import JSON
import TestSupport
import Testing

extension IntegrationTests {
    /// `keybell recover-owner`, as somebody calls it who has lost every way in.
    @Suite struct RecoverOwnerTests {
        private func recover(
            _ node: RunningNode, _ arguments: [String], rootKey: String? = nil
        ) async throws -> (code: Int32, output: String) {
            try await node.run(
                ["recover-owner"] + arguments,
                ["KEYBELL_ROOT_KEY_FILE": rootKey ?? node.folder.file("root.key")])
        }

        private func link(_ output: String) -> String {
            let token = output.split(separator: "#").dropFirst().first ?? ""
            return String(token.prefix { $0 != "\n" })
        }

        @Test
        func `beside a node that runs it makes an owner whose link is good once, and every webhook is told`()
            async throws
        {
            let receiver = try Receiver()
            defer { receiver.stop() }
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                _ = try await node.makeWebhook(to: receiver, "custom.nothing")
                let told = try await recover(node, ["--email", "new@desk.example", "--name", "New owner"])
                #expect(told.code == 0, "\(told.output)")
                let body: JSONValue = ["token": .string(link(told.output))]
                let welcome = try await node.must("POST", "/v1/invitations/accept", body, token: nil)
                #expect(welcome["user"]?["role"] == "owner")
                #expect(try await node.call("POST", "/v1/invitations/accept", body, token: nil).status == 401)
                _ = try await receiver.first("owner.recovered") { $0.type == "owner.recovered" }
                let old = try await recover(node, ["--email", "OWNER@desk.example"])
                #expect(old.code == 0 && old.output.contains("Recovered"), "\(old.output)")
                #expect(try await node.call("GET", "/v1/me").status == 401)
            }
        }

        @Test func `without the right root key, or an address, it does nothing`() async throws {
            let elsewhere = try TestFolder()
            defer { elsewhere.remove() }
            try await RunningNode.with(.scratch(), ["KEYBELL_ROOT_KEY_FILE": elsewhere.file("root.key")]) {
                _ in
            }
            try await RunningNode.with(.scratch()) { node in
                try await node.bootstrap()
                for key in [elsewhere.file("root.key"), elsewhere.file("none.key")] {
                    let told = try await recover(node, ["--email", "new@desk.example"], rootKey: key)
                    #expect(told.code == 1 && !told.output.contains("kbi_"), "\(told.output)")
                }
                #expect(try await recover(node, []).code == 2)
                #expect(try await recover(node, ["--email", "nobody"]).code == 2)
                let users = try await node.must("GET", "/v1/users")
                #expect(users["data"]?.asArray?.count == 1)
            }
        }
    }
}
