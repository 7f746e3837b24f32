package import Crypto

extension PasswordHash.Cost {
    /// A hundredth of what people's passwords cost: tests hash by the hundred.
    package static let ofTests = PasswordHash.Cost(memoryBytes: 128 * 1_024, passes: 1)
}
