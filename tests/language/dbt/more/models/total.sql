select 21 as answer
