/// A map of bounded size: what was not used for longest gives way. All steps are O(1).
///
/// Public and inlinable, so that rooms that ask for every request have it made for their own types.
public struct RecentlyUsed<Key: Hashable, Value> {
    @usableFromInline struct Slot {
        @usableFromInline var key: Key
        @usableFromInline var value: Value
        @usableFromInline var newer: Int
        @usableFromInline var older: Int

        @inlinable init(key: Key, value: Value) {
            (self.key, self.value, newer, older) = (key, value, -1, -1)
        }
    }

    @inlinable static var none: Int { -1 }

    public let capacity: Int
    @usableFromInline var slots: [Slot] = []
    @usableFromInline var free: [Int] = []
    @usableFromInline var places: [Key: Int] = [:]
    @usableFromInline var newest = -1
    @usableFromInline var oldest = -1

    @inlinable public init(capacity: Int) {
        precondition(capacity > 0, "a cache holds something")
        self.capacity = capacity
    }

    @inlinable public var count: Int { places.count }

    /// The value, which becomes the newest.
    @inlinable public mutating func use(_ key: Key) -> Value? {
        guard let place = places[key] else { return nil }
        if place != newest {
            unlink(place)
            link(place)
        }
        return slots[place].value
    }

    @inlinable public mutating func set(_ key: Key, _ value: Value) {
        if let place = places[key] {
            slots[place].value = value
            _ = use(key)
            return
        }
        if places.count == capacity { remove(slots[oldest].key) }
        let slot = Slot(key: key, value: value)
        let place = free.popLast() ?? slots.count
        if place == slots.count { slots.append(slot) } else { slots[place] = slot }
        places[key] = place
        link(place)
    }

    @inlinable public mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        unlink(place)
        free.append(place)
    }

    @inlinable mutating func unlink(_ place: Int) {
        let (newer, older) = (slots[place].newer, slots[place].older)
        if newer == Self.none { newest = older } else { slots[newer].older = older }
        if older == Self.none { oldest = newer } else { slots[older].newer = newer }
    }

    @inlinable mutating func link(_ place: Int) {
        slots[place].newer = Self.none
        slots[place].older = newest
        if newest != Self.none { slots[newest].newer = place }
        newest = place
        if oldest == Self.none { oldest = place }
    }
}
