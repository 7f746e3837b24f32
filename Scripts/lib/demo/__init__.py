"""The chapters that Scripts/demo plays, one file each, and the stage that they share."""
