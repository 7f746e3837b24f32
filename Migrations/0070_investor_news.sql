-- A grade of a day that was over for longer than two days when it was made was no news: as what was told of it said.
update investor_grade set retroactive = true where not retroactive and known_at - time > interval '3 days';
update investor_grade_revision set retroactive = true where not retroactive and known_at - time > interval '3 days';
