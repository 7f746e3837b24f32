import Crypto
import JSON
import Kernel
import TestSupport
import Testing

@testable import Webhooks

/// `v1a` as somebody with nothing but OpenSSL's command line verifies it.
struct OpenSSLSignatureTests {
    @Test func `openssl verifies v1a with the published key, and refuses a changed body`() async throws {
        let receiver = try Receiver()
        defer { receiver.stop() }
        let folder = try TestFolder()
        let published = try await delivered(to: receiver)
        let came = try #require(receiver.accepted.first).request
        let id = try #require(came.header("webhook-id"))
        let time = try #require(came.header("webhook-timestamp"))
        let signature = try #require(
            came.header("webhook-signature")?.split(separator: " ").first { $0.hasPrefix("v1a,") })
        // SubjectPublicKeyInfo of Ed25519 (RFC 8410): twelve fixed bytes, then the 32 of `whpk_`.
        let raw = try #require(Base64.decode(String(published.dropFirst("whpk_".count))))
        let header: [UInt8] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00]
        try folder.write(bytes: header + raw, to: "public")
        try folder.write(bytes: #require(Base64.decode(String(signature.dropFirst(4)))), to: "signature")
        for (body, isSigned) in [(came.body, true), (came.body + [32], false)] {
            try folder.write(bytes: Array("\(id).\(time).".utf8) + body, to: "signed")
            let (code, output) = try await runToEnd(
                [
                    "/usr/bin/openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey",
                    folder.file("public"), "-rawin", "-in", folder.file("signed"), "-sigfile",
                    folder.file("signature"),
                ], in: folder)
            #expect((code == 0) == isSigned, "\(output)")
        }
    }

    /// Sends one message through the whole path; answers the public key as it is shown.
    private func delivered(to receiver: Receiver) async throws -> String {
        try await ScratchDatabase.make().visit { worker, database in
            let room = try WebhookRoom(database)
            let dispatcher = room.dispatcher(on: worker)
            dispatcher.start(on: worker)
            let (id, _) = try await room.makeWebhook(url: receiver.url)
            try await room.alert()
            try await wait(until: "the alert") { !receiver.accepted.isEmpty }
            await dispatcher.drain()
            let record = try await WebhookStore.find(id, at: room.clock.now, in: database)
            return WebhookSecret.publicKeyText(record?.webhook.publicKey ?? [])
        }
    }
}
