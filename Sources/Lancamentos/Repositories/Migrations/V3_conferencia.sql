-- Until where each pass over the registered entries has counted them for the consolidation, which compares the counts with what it has
-- applied. A program of an earlier version does not know the table and does not need it.
create table conferencia_posicoes (
    passagem text collate "C" primary key,
    ate timestamptz not null              -- entries registered before this instant are counted
);
