import Kernel
import Testing

@Suite struct HasherTests {
    private enum Fruit: String, CaseIterable {
        case apple, pear, plum
        case other = "some other fruit"

        func hash(into hasher: inout Hasher) { hasher.combine(case: self) }
    }

    @Test func `cases are told apart, and found again`() {
        let counts = Dictionary(uniqueKeysWithValues: zip(Fruit.allCases, 0...))
        #expect(Fruit.allCases.map { counts[$0] } == [0, 1, 2, 3])
        #expect(Set(Fruit.allCases.map(hash)).count == Fruit.allCases.count)
        #expect(hash(.pear) == hash(Fruit(rawValue: "pear") ?? .apple))
    }

    private func hash(_ fruit: Fruit) -> Int {
        var hasher = Hasher()
        fruit.hash(into: &hasher)
        return hasher.finalize()
    }
}
