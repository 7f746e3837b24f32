import Exchanges
import JSON
import Kernel

/// How a credential was seen to be refused by its exchange: what deletion and rotation end with.
struct ProofOfRefusal: Equatable, Sendable {
    let at: Timestamp
    /// Of the answer.
    let status: Int
    /// The exchange's own, and what it said beside.
    let code: String
    let message: String
    /// What was asked: `GET main /v5/user/query-api`.
    let probe: String
}

extension ProofOfRefusal {
    /// nil unless the exchange says that there is no such key: a refused address, clock or signature, silence
    /// and rubbish prove nothing.
    init?(_ seen: ProbeSighting, by exchange: ExchangeName) {
        guard case .refused(let refusal) = seen.outcome,
            let words = refusal.wordsOfNoKey(by: exchange.adapter), let status = seen.status
        else { return nil }
        self.init(at: seen.at, status: status, code: words.code, message: words.message, probe: seen.request)
    }

    /// As it is stored, recorded and answered.
    var json: JSONValue {
        [
            "at": .string(at.description), "http_status": .number(JSONNumber(Int64(status))),
            "code": .string(code), "message": .string(message), "probe": .string(probe),
        ]
    }
}

/// What was asked, and what came of it.
struct ProbeSighting: Sendable {
    let outcome: ProbeOutcome
    /// Of the answer; nil when there was none.
    let status: Int?
    let request: String
    let at: Timestamp
}

extension ProbeSighting {
    /// The host that was asked does not take the key, or not from here.
    var isRefusal: Bool {
        switch outcome {
        case .refused(.keyRefused), .refused(.keyOrAddressRefused): true
        default: false
        }
    }

    /// What two hosts say together, of which the first refused the key: what the second says counts, unless
    /// it refuses, too. Nothing is proven unless both prove it.
    func joined(with next: ProbeSighting, by exchange: ExchangeName) -> ProbeSighting {
        guard next.isRefusal else { return next }
        let isProofLost =
            ProofOfRefusal(self, by: exchange) != nil && ProofOfRefusal(next, by: exchange) == nil
        return isProofLost ? next : self
    }

    /// The exchange knows the key and takes its signature, whatever it lets it do.
    var isTaken: Bool {
        switch outcome {
        case .confirmed, .refused(.permissionMissing): true
        default: false
        }
    }
}
