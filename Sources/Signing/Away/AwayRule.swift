import Exchanges

/// What leaves while the database is gone: exits, and nothing that could open or enlarge anything, learn
/// anything, or hand anything out.
enum AwayRule {
    /// Why it does not leave; nil when it may.
    static func refusal(of meaning: RequestMeaning) -> String? {
        guard meaning.problems.isEmpty else { return "it is not understood" }
        switch meaning.operation {
        case .cancel: return meaning.orders.isEmpty ? nil : "it places orders, too"
        case .trade:
            // What an amended order was before is not known here.
            let isExit = meaning.orders.allSatisfy { $0.isExit && !$0.replaces }
            if isExit, !meaning.orders.isEmpty { return nil }
            return "the exchange does not hold every order in it to reducing"
        case .read, .stream, .transfer, .withdraw, .admin: return "it is neither a cancel nor an exit"
        }
    }
}
