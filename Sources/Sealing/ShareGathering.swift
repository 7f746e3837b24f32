import Access
import Crypto
import Events
import JSON
import Kernel
import Postgres

/// Takes what people bring into the node's ceremony, share by share, each with a verdict of its own.
struct ShareGathering {
    struct Found {
        let key: RootKey
        let detail: JSONObject
    }

    let custodian: Custodian
    let ledger: Ledger
    let context: Context

    nonisolated(nonsending) func take(
        _ shares: [(pointer: String, share: Result<KeyShare, KeyShareError>)]
    ) async throws -> (verdicts: [ShareVerdict], found: Found?) {
        var verdicts: [ShareVerdict] = []
        for (pointer, reading) in shares {
            switch reading {
            case .failure(let error): verdicts.append(.refused(pointer, nil, "\(error)"))
            case .success(let share):
                let (verdict, found) = try await take(share, pointer)
                verdicts.append(verdict)
                if let found { return (verdicts, found) }
            }
        }
        return (verdicts, nil)
    }

    private nonisolated(nonsending) func take(
        _ share: KeyShare, _ pointer: String
    ) async throws -> (ShareVerdict, Found?) {
        let known = try await ShareSets.find(share.set, in: ledger.database)
        switch known?.state {
        case .retired:
            return (.refused(pointer, share.index, "set \(share.set) gives a root key of the past"), nil)
        case .proving:
            return (.refused(pointer, share.index, "set \(share.set) is still being proven"), nil)
        case .active, nil: break
        }
        // A set that this service did not make was cut from the same root key by the command line.
        let fingerprint = try await RootKeyFingerprint.read(ledger.database)
        do {
            return try judge(try await add(share, known?.set, fingerprint), share, pointer)
        } catch let error as KeyShareError {
            if case .repeated(let index) = error {
                return (ShareVerdict(pointer: pointer, index: index, kind: .repeated, message: nil), nil)
            }
            return (.refused(pointer, share.index, "\(error)"), nil)
        }
    }

    private nonisolated(nonsending) func add(
        _ share: KeyShare, _ set: ShareSet?, _ fingerprint: String?
    ) async throws -> ShareCollector.Outcome {
        try await custodian.add(share, at: context.now, id: ledger.newID(), isKnown: set != nil) {
            set.map { ShareCollector(set: $0) } ?? ShareCollector(fingerprint: fingerprint)
        }
    }

    private func judge(
        _ outcome: ShareCollector.Outcome, _ share: KeyShare, _ pointer: String
    ) throws -> (ShareVerdict, Found?) {
        let accepted = ShareVerdict(pointer: pointer, index: share.index, kind: .accepted, message: nil)
        switch outcome {
        case .waiting: return (accepted, nil)
        case .mismatched(let indices):
            let list = indices.sorted().map { "\($0)" }.joined(separator: ", ")
            let message = "enough, but one or more of the shares \(list) is false, or of another root key"
            return (.refused(pointer, share.index, message), nil)
        case .combined(let key, let wrong):
            var detail = JSONObject()
            _ = detail.append("share_set", .string(share.set.description))
            if !wrong.isEmpty {
                _ = detail.append("false_shares", .array(wrong.map { .number(JSONNumber($0)) }))
            }
            return (accepted, Found(key: key, detail: detail))
        }
    }
}
