import Testing

@testable import Kernel

private enum Key: IDKind { static let prefix: StaticString = "key" }
private enum User: IDKind { static let prefix: StaticString = "usr" }

@Suite struct IDTests {
    @Test func `an id is its prefix and 26 characters, and reads back`() {
        let id = ID<Key>(UUID(at: Timestamp(seconds: 1_767_600_000), entropy: .seeded(1)))
        #expect(id.description.hasPrefix("key_01k"))
        #expect(id.description.utf8.count == 30)
        #expect(ID<Key>(id.description) == id)
        #expect(ID<User>(id.description) == nil)
    }

    // The nil, one, ten, sixteen, thirty-two and max vectors of the TypeID specification.
    @Test(arguments: [
        ("00000000-0000-0000-0000-000000000000", "00000000000000000000000000"),
        ("00000000-0000-0000-0000-00000000000a", "0000000000000000000000000a"),
        ("00000000-0000-0000-0000-000000000020", "00000000000000000000000010"),
        ("ffffffff-ffff-ffff-ffff-ffffffffffff", "7zzzzzzzzzzzzzzzzzzzzzzzzz"),
        ("01890a5d-ac96-774b-bcce-b302099a8057", "01h455vb4pex5vsknk084sn02q"),
    ])
    func `the public vectors hold`(uuid: String, suffix: String) throws {
        let uuid = try #require(UUID(uuid))
        #expect(TypeID.text(prefix: "prefix", uuid: uuid) == "prefix_\(suffix)")
        #expect(TypeID.parse("prefix_\(suffix)")?.uuid == uuid)
    }

    @Test(arguments: [
        "key", "key_", "_00000000000000000000000000", "KEY_00000000000000000000000000",
        "key_8zzzzzzzzzzzzzzzzzzzzzzzzz", "key_0000000000000000000000000u", "key_000000000000000000000000",
        "key_0000000000000000000000000A", "key-00000000000000000000000000", "k y_00000000000000000000000000",
    ])
    func `what is not an id is refused`(text: String) {
        #expect(ID<Key>(text) == nil)
    }

    @Test func `later ids sort after earlier ones`() {
        let early = UUID(at: Timestamp(milliseconds: 1_000), entropy: .seeded(9))
        let late = UUID(at: Timestamp(milliseconds: 1_001), entropy: .seeded(3))
        #expect(early < late && early.description < late.description)
        #expect(UUID(late.description) == late)
    }
}
