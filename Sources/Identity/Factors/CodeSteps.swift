/// Which one-time codes of a user count: each step of time once, and none before it afterwards (RFC 6238,
/// 5.2). How often they were wrong is counted apart, by where they came from: `LoginBudget`.
struct CodeSteps: Equatable {
    /// The newest whose code was taken.
    private(set) var newest: Int64 = 0

    init(newest: Int64 = 0) { self.newest = newest }

    /// False: this step's code, or a newer one's, was taken before.
    mutating func take(_ step: Int64) -> Bool {
        guard step > newest else { return false }
        newest = step
        return true
    }
}
