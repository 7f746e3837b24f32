import Testing

@testable import Events

@Suite struct EventTypeTests {
    @Test(arguments: ["custom.balance.low", "custom.a", "custom.1_2"])
    func `an own type is custom and parts of lower-case letters, digits and underscores`(name: String) {
        #expect(EventType(name)?.isCustom == true)
    }

    @Test(arguments: ["custom", "custom.", "custom..a", "custom.A", "own.balance", "custom.a-b", ""])
    func `what is no type is refused`(name: String) {
        #expect(EventType(name) == nil)
    }

    @Test func `every known type is read back by its name`() {
        for type in EventType.all { #expect(EventType(type.name) == type) }
    }
}
