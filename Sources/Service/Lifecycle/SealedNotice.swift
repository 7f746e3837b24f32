import Crypto
import EventLoop
import HTTPClient
import JSON
import Kernel
import Sealing

/// Tells a receiver outside that this node started sealed, so that somebody comes. Holds no secret.
struct SealedNotice {
    /// A receiver that is away at that moment is tried again; a node that was unsealed meanwhile is silent.
    private static let waits: [Period] = [.seconds(2), .seconds(10), .minutes(1), .minutes(5), .minutes(15)]

    let url: OutgoingURL
    let start: SealedStart
    let shared: NodeShared

    /// Nil: there is nobody to tell, or nothing.
    init?(_ shared: NodeShared) {
        guard let url = shared.settings.sealedNotice, let start = shared.sealedStart else { return nil }
        (self.url, self.start, self.shared) = (url, start, shared)
    }

    nonisolated(nonsending) func send(on reactor: Reactor) async {
        let client = HTTPClient(
            on: reactor, resolver: .system(shared.receiverNames),
            addressGuard: AddressGuard(ownAddresses: [shared.settings.listen]))
        let request = OutgoingRequest(
            .post, url, headers: [OutgoingHeader("content-type", "application/json")], body: body,
            allowance: shared.settings.receivers, mayResend: true)
        for wait in Self.waits {
            if shared.custodian.seal.isOpen { return }
            do {
                let answer = try await client.send(request)
                if (200..<300).contains(answer.status) { return }
                log("status \(answer.status)")
            } catch {
                log("\(error)")
            }
            await reactor.sleep(nanoseconds: wait.nanoseconds)
        }
    }

    private func log(_ trouble: String) {
        shared.log.warning("nobody could be told that this node is sealed", ["error": .text(trouble)])
    }

    private var body: [UInt8] {
        var w = JSONWriter()
        w.object { w in
            w.field("type", "node.sealed")
            w.field("timestamp", shared.startedAt.description)
            w.object("data") { w in
                w.field("node_id", shared.id.description)
                w.field("version", Release.version)
                w.field("reason", start.reason)
                w.field("unseal_at", "\(shared.settings.unsealPlace)/v1/system/unseal")
            }
        }
        return w.bytes
    }
}
