/// What lives on a worker as long as the worker does: the services that its owner composed.
extension Worker {
    public func settle(_ resident: AnyObject) { residents.append(resident) }

    public func resident<Resident: AnyObject>(_ type: Resident.Type) -> Resident? {
        for resident in residents { if let found = resident as? Resident { return found } }
        return nil
    }

    public func evict<Resident: AnyObject>(_ type: Resident.Type) {
        residents.removeAll { $0 is Resident }
    }
}
