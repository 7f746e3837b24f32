/// A sum that carries what rounding lost (Neumaier), so that the order of thousands of small returns does not
/// show in the digits that are compared.
struct CompensatedSum {
    private var sum = 0.0
    private var lost = 0.0

    var value: Double { sum + lost }

    mutating func add(_ number: Double) {
        let next = sum + number
        lost += abs(sum) >= abs(number) ? (sum - next) + number : (number - next) + sum
        sum = next
    }
}

extension Sequence<Double> {
    /// Of all elements, compensated.
    var total: Double {
        var sum = CompensatedSum()
        for number in self { sum.add(number) }
        return sum.value
    }
}
