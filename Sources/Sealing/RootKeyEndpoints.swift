package import Access
import Crypto
import EventLoop
package import Events
import HTTPServer
import JSON
import Kernel

/// Rotating a root key that lies in a file.
package struct RootKeyEndpoints {
    private let ledger: Ledger
    private let custodian: Custodian

    package init(ledger: Ledger, custodian: Custodian) {
        (self.ledger, self.custodian) = (ledger, custodian)
    }

    package var operations: [Operation] {
        [
            Endpoint(
                .post, "/v1/system/root-key/rotation", id: "rotateRootKey",
                requires: .permission(.systemRotate), errors: [.conflict], bodyLimit: 0, stepUp: .recently,
                handle: rotate)
        ]
    }

    private nonisolated(nonsending) func rotate(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.parameters().finish()
        let path = try file()
        let old = try custodian.seal.opened().root
        let new = try RootKey()
        try await ledger.change(context) { change in
            let step = RootKeyChange(custodian: custodian, change: change)
            // The lock is held from here: no other rotation writes beside this one.
            let wrapped = try await step.lock(under: old)
            try await checkFile(path, wrapped, old)
            try await custodian.offLoop.run { try new.storeAsNext(ofFile: path) }
            try await step.move(wrapped, from: old, to: new, way: "file")
        }
        // A node that ends here finds the new key beside the old one at its next start.
        try await custodian.offLoop.run { try RootKey.promoteNext(ofFile: path) }
        let (former, fingerprint) = (try old.fingerprint(), try new.fingerprint())
        return .object { w in
            w.field("fingerprint", fingerprint)
            w.field("previous_fingerprint", former)
            w.field("file", path)
            w.field("advice", Self.advice)
        }
    }

    private func file() throws(Problem) -> String {
        switch custodian.source {
        case .file(let path): return path
        case .environment:
            throw Problem(
                .conflict,
                "This node has its root key from KEYBELL_ROOT_KEY, which it cannot change. Move the key into "
                    + "a file (KEYBELL_ROOT_KEY_FILE), or hand it to keepers with POST /v1/system/shares.")
        }
    }

    /// A node that was put together from shares has no file to rotate.
    private nonisolated(nonsending) func checkFile(
        _ path: String, _ wrapped: [WrappedKeyEncryptionKey], _ root: RootKey
    ) async throws {
        let inFile = try? await custodian.ownRootKey(opening: wrapped)
        guard try inFile?.fingerprint() == root.fingerprint() else {
            throw Problem(
                .conflict,
                "This node's root key does not lie in its file: it was put together from shares. Rotate it "
                    + "with POST /v1/system/shares.")
        }
    }

    private static let advice =
        "Copy the file to wherever the old one was kept, and to every other node; nodes that read the same "
        + "file take it by themselves. Shares of the old key give it no more: make new ones."
}
