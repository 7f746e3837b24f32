import Access
import Crypto
import HTTPServer

/// What a sealed node still answers: whether it is well, what it is, and how to unseal it.
struct SealGate {
    static let open: Set<String> = [
        "getIndex", "getHealth", "getLiveness", "getReadiness", "getMetrics", "getContractYAML",
        "getContractJSON",
        "getProblem", "getAlertPage", "getDepositPage", "getInvitationPage", "getPasswordPage", "getSeal",
        "unseal",
        "abortUnseal",
    ]

    private let seal: Seal

    init(_ seal: Seal) { self.seal = seal }

    func check(_ operation: Operation) throws(Problem) {
        guard seal.isOpen || Self.open.contains(operation.id) else { throw .sealed }
    }
}
